# What a container engine does with `docker run --read-only --cap-drop ALL --security-opt no-new-privileges --user 10001`
# and the scratch folders of compose.yaml, for tests/test_image.py: IMAGE'S-FILES EMPTY-FOLDER VOLUME COMMAND…
set -e
image=$1 root=$2 volume=$3
shift 3
mount --bind "$image" "$root"
mount --bind "$volume" "$root/data"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs "$root/home/normscope"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero urandom random; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all sh -c 'cd /app && exec "$@"' sh "$@"
