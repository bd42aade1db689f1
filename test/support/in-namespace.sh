#!/bin/sh
# in-namespace.sh COMMAND...: runs a command, and all that it starts, in a network of its own: loopback, with 10.99.0.1/24
# and fd99::1/64 beside 127.0.0.0/8 and ::1, because some phones refuse those two. Nothing can leave it or come in. Names
# are those of test/support/namespace-hosts; there is no DNS server. It has processes of its own too: whatever is left
# when the command ends, ends with it. Linux only: needs util-linux and iproute2, and root or a kernel that lets users
# have namespaces.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ "${1-}" != --inside ]; then
  user=''
  [ "$(id -u)" = 0 ] || user='--map-root-user'
  exec 3<&0
  # shellcheck disable=SC2086 # $user is one word or none
  setpriv --pdeathsig KILL \
    unshare $user --net --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$@" <&3 3<&- &
  namespace=$!
  # unshare is deaf to these signals while it waits; its end is the end of all that runs inside.
  trap 'kill -KILL "$namespace"' HUP INT TERM
  wait "$namespace" && exit 0 || exit $?
fi
shift

ip link set lo up
ip address add 10.99.0.1/24 dev lo
ip -6 address add fd99::1/64 dev lo nodad
mount --bind "$here/namespace-hosts" /etc/hosts
mount --bind "$here/namespace-resolv.conf" "$(readlink -f /etc/resolv.conf)"

FIRSTLINE_TEST_NAMESPACE=1
export FIRSTLINE_TEST_NAMESPACE
# No exec: this shell is the namespace's first process, and as such takes in those whose parent has ended.
"$@"
