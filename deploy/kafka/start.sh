#!/bin/sh
# Starts the broker. An empty volume is formatted first, with the user `milepost` in it: from then on the password is
# part of the volume, and the volumes `kafka` and `secrets` belong together.
#
#   start.sh [CONFIG [SCRAM]]
set -eu
config=${1:-/milepost/kafka/server.properties}
scram=${2:-/secrets/kafka/scram}
bin=${KAFKA_HOME:-/opt/kafka}/bin
data=$(sed -n 's/^log\.dirs=//p' "$config")

# Kafka writes this file last, so a format that was cut off is done again.
[ -f "$data/meta.properties" ] ||
  "$bin/kafka-storage.sh" format --config "$config" --cluster-id "$("$bin/kafka-storage.sh" random-uuid)" "@$scram"
exec "$bin/kafka-server-start.sh" "$config"
