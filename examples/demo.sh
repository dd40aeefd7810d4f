#!/bin/bash
# Thanks the people behind the software on this machine: a whole month of Mecene in a few seconds.
# Needs mecened and mecene on the PATH; `make demo` builds them first.
set -euo pipefail

directory=$(mktemp -d)
daemon=""
finish() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  rm -rf "$directory"
}
trap finish EXIT
export MECENE_SERVER="unix:$directory/mecene.sock"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
if [ ! -t 1 ] || [ -n "${NO_COLOR:-}" ]; then say() { printf '\n%s\n' "$1"; }; fi
run() {
  printf '$ %s\n' "$*"
  "$@"
}

say "1. A daemon in a temporary directory, on a clock that we move"
echo "\$ mecened --data DIR --listen unix:DIR/mecene.sock --simulated-clock 2026-11-01T00:00:00Z &"
mecened --data "$directory/data" --listen "$MECENE_SERVER" --simulated-clock 2026-11-01T00:00:00Z --log-level warning \
  >"$directory/ready" &
daemon=$!
for _ in $(seq 200); do
  [ -s "$directory/ready" ] && break
  sleep 0.05
done
cat "$directory/ready"

say "2. Every maintainer of an installed package opens an account; every homepage becomes a thing"
# A homepage belongs to the first package that names it. Names lose their e-mail addresses here.
dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Maintainer}\t${Homepage}\n' |
  awk -F '\t' -v directory="$directory" '
    function quoted(text) { gsub(/"/, "\"\"", text); return "\"" text "\"" }
    $1 ~ /^ii/ && $4 ~ /^https?:\/\/[^ ]+$/ {
      name = $3; sub(/ *<.*/, "", name); gsub(/^"|"$/, "", name)
      if (name == "" || name ~ /@/) next
      if (!(name in account)) {
        account[name] = sprintf("maintainer-%04d", ++count)
        print account[name] "," quoted(name) ",2.00" > (directory "/accounts.csv")
        print account[name] ",2.00,demo" > (directory "/deposits.csv")
      }
      place = tolower($4); sub(/^https?:\/\//, "", place); sub(/\/$/, "", place)
      if (!(place in seen)) {
        seen[place] = 1
        print account[name] "," quoted($4) "," quoted($2) > (directory "/things.csv")
      }
    }'
sed -i '1i name,display_name,budget' "$directory/accounts.csv"
sed -i '1i account,amount,key' "$directory/deposits.csv"
sed -i '1i owner,url,title' "$directory/things.csv"
run mecene account open --from "$directory/accounts.csv"
run mecene deposit --from "$directory/deposits.csv"
run mecene thing add --from "$directory/things.csv"

say "3. Five patrons set something aside each month"
budgets=(2.00 5.00 10.00 25.00 100.00)
names=(ada grace linus margaret dennis)
for i in 0 1 2 3 4; do
  mecene account open "${names[$i]}" --budget "${budgets[$i]}" >/dev/null
  printf '$ mecene account open %s --budget %s\n' "${names[$i]}" "${budgets[$i]}"
  mecene deposit "${names[$i]}" "${budgets[$i]}" --key "november" >/dev/null
  printf '$ mecene deposit %s %s --key november\n' "${names[$i]}" "${budgets[$i]}"
done

say "4. They click on what they use"
things=$(($(wc -l <"$directory/things.csv") - 1))
{
  echo patron,thing
  for i in 0 1 2 3 4; do
    # Every patron uses another part of the system: a stride and a number of clicks of their own.
    stride=$((i * 2 + 3))
    clicks=$((3 + i * i * 8))
    for ((n = 0; n < clicks; n++)); do echo "${names[$i]},$((n * stride % things + 1))"; done
  done
} >"$directory/clicks.csv"
run mecene click --from "$directory/clicks.csv"
run mecene clicks ada

say "5. The month ends, and settles"
run mecene preview
run mecene clock set 2026-12-01
run mecene settle 2026-11 --yes

say "6. What became of one patron's money, and of one owner's things"
run mecene statement ada
best=$(mecene account list --all --json | tr '{' '\n' |
  sed -n 's/.*"name":"\(maintainer-[0-9]*\)".*"availableMicros":"\([0-9]*\)".*/\2 \1/p' | sort -rn |
  awk 'NR == 1 { print $2 }') # not `head`: what ends early can end what writes to it, and with it this script
run mecene revenue "$best" --period 2026-11

say "7. The ten best-paid owners"
mecene account list --all --json | tr '{' '\n' |
  sed -n 's/.*"name":"maintainer-[0-9]*","displayName":"\(\([^"\\]\|\\.\)*\)".*"availableMicros":"\([0-9]*\)".*/\3\t\1/p' |
  sort -t "$(printf '\t')" -k1,1nr -k2,2 |
  awk -F '\t' '
    NR > 10 { next }
    { shown = NR; earned[NR] = ($1 - 2000000) / 1000000; name[NR] = $2; if (earned[NR] > most) most = earned[NR] }
    END {
      for (i = 1; i <= shown; i++) {
        bar = ""; length_of_bar = most > 0 ? int(earned[i] / most * 40 + 0.5) : 0
        while (length(bar) < length_of_bar) bar = bar "#"
        printf "%8.2f  %-40s  %s\n", earned[i], bar, name[i]
      }
    }'

say "8. The settlement's totals, and the proof that the books are right"
run mecene settlements
run mecene verify

say "9. The daemon stops cleanly"
echo "\$ kill -TERM $daemon"
kill -TERM "$daemon"
wait "$daemon"
daemon=""
echo "done"
