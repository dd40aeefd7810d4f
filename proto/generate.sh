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
# shellcheck disable=SC2086
protoc-c -I proto --c_out="$temporary" $files
# The options are for the plugin: protobuf-c has no descriptor.proto to compile them against, and nothing of them is sent.
rm "$temporary/mecene/v1/options.pb-c.c" "$temporary/mecene/v1/options.pb-c.h"
find "$temporary" -name '*.h' -exec sed -i '/#include "mecene\/v1\/options.pb-c.h"/d' {} +
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
protoc -I proto --python_out="$temporary" --pyi_out="$temporary" $files
cp "$temporary"/mecene/v1/*_pb2.py "$temporary"/mecene/v1/*_pb2.pyi clients/python/src/mecene/v1/
touch clients/python/src/mecene/v1/__init__.py
sed -e 's/_descriptor_pool.Default()/_descriptor_pool.DescriptorPool()/' -e "s/'grpc.health.v1.health_pb2'/'mecene.health_pb2'/" \
  "$temporary/grpc/health/v1/health_pb2.py" > clients/python/src/mecene/health_pb2.py
cp "$temporary/grpc/health/v1/health_pb2.pyi" clients/python/src/mecene/health_pb2.pyi
swift format format --in-place --recursive Sources/MeceneWire/Generated Sources/MeceneServer/Generated clients/MeceneClient/Generated
