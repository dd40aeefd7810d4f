#!/bin/sh
# Writes everything that follows from proto/: see proto/plugin/protoc-gen-mecene. Run from the repository's root.
set -eu
files=$(cd proto && find mecene grpc -name '*.proto' | LC_ALL=C sort)
rm -rf Sources/CMeceneProto Sources/MeceneWire/Generated Sources/MeceneServer/Generated clients/MeceneClient/Generated
rm -rf clients/python/src/mecene/v1 clients/python/src/mecene/health_pb2.py*
mkdir -p clients/python/src/mecene/v1 Sources/CMeceneProto/include Sources/MeceneWire/Generated Sources/MeceneServer/Generated clients/MeceneClient/Generated docs
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
# shellcheck disable=SC2086
protoc -I proto --plugin=protoc-gen-mecene=proto/plugin/protoc-gen-mecene --mecene_out=. \
  --include_imports --descriptor_set_out=proto/descriptors.binpb $files
# C and Python are made without the options: nothing of them is sent, protobuf-c has no descriptor.proto to compile them against, and
# their numbers could clash with another package's in the one pool of a Python process.
plain="$temporary/plain"
cp -r proto "$plain"
rm "$plain/mecene/v1/options.proto"
find "$plain" -name '*.proto' -exec sed -i -e '/^import "mecene\/v1\/options.proto";$/d' -e 's| \[(.*\];$|;|' {} +
files=$(cd "$plain" && find mecene grpc -name '*.proto' | LC_ALL=C sort)
# shellcheck disable=SC2086
protoc-c -I "$plain" --c_out="$temporary" $files
(cd "$temporary" && find . -name '*.h' | LC_ALL=C sort | while read -r header; do
  mkdir -p "$OLDPWD/Sources/CMeceneProto/include/$(dirname "$header")"
  cp "$header" "$OLDPWD/Sources/CMeceneProto/include/$header"
done
find . -name '*.c' | while read -r source; do
  cp "$source" "$OLDPWD/Sources/CMeceneProto/$(basename "$source")"
done)
{
  echo "module CMeceneProto {"
  (cd Sources/CMeceneProto/include && find . -name '*.h' | LC_ALL=C sort | sed 's|^\./\(.*\)$|  header "\1"|')
  echo "  export *"
  echo "}"
} > Sources/CMeceneProto/include/module.modulemap
# Python's messages, from the official compiler. Its module for grpc.health.v1 would hide gRPC's own package, and its file
# would clash with gRPC's in the one pool of the process: it gets a module and a pool of its own.
# shellcheck disable=SC2086
protoc -I "$plain" --python_out="$temporary" --pyi_out="$temporary" $files
cp "$temporary"/mecene/v1/*_pb2.py "$temporary"/mecene/v1/*_pb2.pyi clients/python/src/mecene/v1/
touch clients/python/src/mecene/v1/__init__.py
sed -e 's/_descriptor_pool.Default()/_descriptor_pool.DescriptorPool()/' -e "s/'grpc.health.v1.health_pb2'/'mecene.health_pb2'/" \
  "$temporary/grpc/health/v1/health_pb2.py" > clients/python/src/mecene/health_pb2.py
cp "$temporary/grpc/health/v1/health_pb2.pyi" clients/python/src/mecene/health_pb2.pyi
swift format format --in-place --recursive Sources/MeceneWire/Generated Sources/MeceneServer/Generated clients/MeceneClient/Generated
