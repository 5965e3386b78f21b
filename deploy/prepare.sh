#!/bin/sh
# Runs before everything else, and again at each start: draws the passwords that are not there yet, and hands each
# service its own copies, which only that service's user can read. Nothing is ever drawn anew, so it may be cut off
# anywhere.
#
#   prepare.sh [SECRETS [VOLUMES]]
set -eu
umask 077
secrets=${1:-/secrets}
volumes=${2:-/volumes}

# The users that the services run as: see `user` of each in docker-compose.yml.
milepost=10001
kafka=1000
registry=185
clickhouse=101
grafana=472

# Into place in one step: who reads meanwhile sees the whole of it or nothing.
put() {
  cat >"$1.draft"
  chmod 0400 "$1.draft"
  mv -f "$1.draft" "$1"
}
draw() {
  [ ! -s "$secrets/drawn/$1" ] || return 0
  drawn=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  [ ${#drawn} -eq 32 ]
  printf %s "$drawn" | put "$secrets/drawn/$1"
}
# copy OWNER DIRECTORY/FILE DRAWN
copy() {
  put "$secrets/$2" <"$secrets/drawn/$3"
  chown "$1:$1" "$secrets/$2"
}
hash_of() {
  sha256sum <"$secrets/drawn/$1" | cut -c 1-64
}
room() {
  mkdir -p "$secrets/$2"
  chown "$1:$1" "$secrets/$2"
  chmod 0700 "$secrets/$2"
}

mkdir -p "$secrets/drawn"
chmod 0755 "$secrets"
for name in kafka-milepost clickhouse-milepost clickhouse-analyst grafana-admin grafana-key; do draw "$name"; done

room $milepost milepost
copy $milepost milepost/kafka-password kafka-milepost
copy $milepost milepost/clickhouse-password clickhouse-milepost

# Arguments of kafka-storage.sh, from a file: a command line can be read by others.
room $kafka kafka
printf '%s\n%s\n' --add-scram "SCRAM-SHA-512=[name=milepost,password=$(cat "$secrets/drawn/kafka-milepost")]" |
  put "$secrets/kafka/scram"
chown $kafka:$kafka "$secrets/kafka/scram"

# ClickHouse only checks passwords, so their hashes are enough.
room $clickhouse clickhouse
put "$secrets/clickhouse/passwords.xml" <<END
<clickhouse>
  <milepost_password>$(hash_of clickhouse-milepost)</milepost_password>
  <analyst_password>$(hash_of clickhouse-analyst)</analyst_password>
</clickhouse>
END
chown $clickhouse:$clickhouse "$secrets/clickhouse/passwords.xml"

room $grafana grafana
copy $grafana grafana/admin-password grafana-admin
copy $grafana grafana/secret-key grafana-key
copy $grafana grafana/clickhouse-password clickhouse-analyst

# A new volume belongs to root; each of these is written by a user who is not.
own() {
  [ ! -d "$volumes/$2" ] || chown "$1:$1" "$volumes/$2"
}
own $milepost milepost
own $milepost state
own $kafka kafka
own $registry registry
own $clickhouse clickhouse
own $grafana grafana
