#!/usr/bin/env bash
# rules.sh - TAP: promtool on docs/prometheus: the configuration, the rules, and their tests.
set -uo pipefail

cd "$(dirname "$(readlink -f "$0")")/../../docs/prometheus" || exit 1
if ! command -v promtool >/dev/null; then
    echo "1..0 # SKIP promtool is missing: tools/install-packages --for-tests installs it"
    exit 0
fi

count=0 failed=0

# holds NAME COMMAND...: what it says is shown only where it fails.
holds() {
    local said
    count=$((count + 1))
    if said=$("${@:2}" 2>&1); then
        echo "ok $count - $1"
    else
        failed=1
        echo "not ok $count - $1"
        sed 's/^/# /' <<<"$said"
    fi
}

holds "promtool takes prometheus.yml, and the alerts that it loads" promtool check config prometheus.yml
holds "promtool finds nothing to complain of in the alerts" promtool check rules --lint=all --lint-fatal alerts.yml
holds "each alert fires where it should, and is quiet beside that" promtool test rules alerts_test.yml
echo "1..$count"
exit "$failed"
