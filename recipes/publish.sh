#!/bin/sh
# Builds a project and publishes it, and tries again where that can help. cron/crontab and
# github-actions/publish.yml run it.
#
# FEATURE_STORE_PROJECT  folder of dbt_project.yml
# FEATURE_STORE_BIN      folder of dbt and feature-warehouse; by default they are found in PATH
# FEATURE_STORE_TRIES    how often to try to publish, by default 5
# FEATURE_STORE_PAUSE    seconds between two tries, by default 60
#
# Exit codes: dbt's if the build fails, otherwise those of feature-warehouse; 4 also if another run
# of this script has not ended yet.
set -u

project=${FEATURE_STORE_PROJECT:?names the folder of dbt_project.yml}
tries=${FEATURE_STORE_TRIES:-5}
pause=${FEATURE_STORE_PAUSE:-60}
if [ -n "${FEATURE_STORE_BIN:-}" ]; then
    PATH=$FEATURE_STORE_BIN:$PATH
fi

cd "$project" || exit 2

# The lock covers the build too: two dbt runs would write the same tables.
exec 9>.publish.lock || exit 2
if ! flock --nonblock 9; then
    echo 'publish.sh: the run before has not ended' >&2
    exit 4
fi

dbt build || exit

while :; do
    feature-warehouse materialize && exit 0
    code=$?
    case $code in
        # Unreachable, busy, interrupted: it passes. Everything else ends the same again.
        3 | 4 | 130 | 143) tries=$((tries - 1)) ;;
        *) exit "$code" ;;
    esac
    if [ "$tries" -le 0 ]; then
        exit "$code"
    fi
    sleep "$pause"
done
