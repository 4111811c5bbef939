#!/bin/sh
# Builds the images of the manifests with podman: k8s/images.sh [target] [worker], both where none is named.
#
# Wheels are fetched by the pip of this machine, as it is set up, into build/wheels; the builds read them there and
# have no network. WHEELS=DIR names a folder that has all of them already. Where no registry is reached, the base of
# the Dockerfiles is made of Debian's packages by mmdebstrap (as root). PYTHON: whose pip it is.
set -eu
cd "$(dirname "$0")/.."
command -v podman >/dev/null || { echo "error: podman is not on the PATH" >&2; exit 2; }
[ $# -gt 0 ] || set -- worker target
tag=$(sed -n 's/^ *newTag: *//p' k8s/base/target/kustomization.yaml | head -n 1)
base=$(sed -n 's/^FROM \(.*\) AS base$/\1/p' k8s/docker/target.Dockerfile)

made_of_debian() {
    command -v mmdebstrap >/dev/null || {
        echo "error: $base cannot be pulled, and mmdebstrap is not there, which would make it" >&2; exit 2; }
    tarball=$(mktemp --tmpdir base.XXXXXX.tar)
    trap 'rm -f "$tarball"' EXIT
    mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python3-pip,passwd,ca-certificates \
        "${base##*-}" "$tarball"
    podman import --quiet --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$tarball" "$base"
}

if ! podman image exists "$base"; then
    echo "pulling $base"
    podman pull --quiet "$base" 2>/dev/null || { echo "no registry is reached: making it of Debian's packages"; made_of_debian; }
fi

if [ -z "${WHEELS:-}" ]; then
    WHEELS=build/wheels
    mkdir -p "$WHEELS"
    version=$(podman run --rm --network none --entrypoint python3 "$base" -c \
        'import sys; print("%d.%d" % sys.version_info[:2])') || {
        echo "error: podman starts no container here; docs/pod.md (In containers) says what helped elsewhere" >&2; exit 2; }
    echo "fetching wheels for Python $version"
    "${PYTHON:-python3}" -m pip download -qq --dest "$WHEELS" --find-links "$WHEELS" --only-binary=:all: \
        --python-version "$version" --constraint constraints.txt '.[target]' 'setuptools>=77'
fi

for image in "$@"; do
    echo "building chokepoint-$image:$tag"
    podman build --quiet --network none --pull=never --volume "$(realpath "$WHEELS"):/wheels:ro" \
        --build-arg PIP_ARGS="--no-index --find-links /wheels" \
        --file "k8s/docker/$image.Dockerfile" --tag "chokepoint-$image:$tag" .
done
