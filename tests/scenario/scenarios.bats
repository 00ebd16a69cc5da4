#!/usr/bin/env bats
# The scenarios that come with the program decide their claims as they expect, and measure the figures that the documents quote.
# They run from the root of the repository, with ./nines built; NINES names another binary, BUILD another build folder.

real=../shared/traces/azure_llm_2023_conv.csv

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    nines=${NINES:-./nines}
    case $nines in */*) ;; *) nines=./$nines ;; esac
    tmp=$BATS_TEST_TMPDIR
}

# as_expected SCENARIO VERDICTS OPTIONS…: exit status 0, and so many claims that hold and fail.
as_expected() {
    local status=0 scenario=$1 verdicts=$2
    shift 2
    timeout 300 "$nines" check "$scenario" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    cat "$tmp/out" "$tmp/err"
    [ "$status" -eq 0 ]
    [ ! -s "$tmp/err" ]
    grep -qx "  $verdicts, 0 undecided; 0 not as expected" "$tmp/out"
}

# measures NAME LOW HIGH OPTIONS…: the metric NAME of a run lies between LOW and HIGH.
measures() {
    local name=$1 low=$2 high=$3
    shift 3
    "$nines" run "$@" --json >"$tmp/json"
    jq --arg name "$name" '.metrics[$name].value' "$tmp/json"
    jq -e --arg name "$name" --argjson low "$low" --argjson high "$high" \
        '.metrics[$name].value | . >= $low and . <= $high' "$tmp/json" >/dev/null
    jq -e '.audit.conserved and .audit.little' "$tmp/json" >/dev/null
}

make_sample() {
    local program=${BUILD:-build}/tests/support/make_sample
    [ -x "$program" ] || make -s "$program" >/dev/null
    "$program" "$@"
}

# ---- claims ------------------------------------------------------------------------------------------

@test "each scenario that comes with the program is checked below" {
    for f in scenarios/*.lua; do
        name=$(basename "$f" .lua)
        echo "$name"
        grep -q "as_expected $name " tests/scenario/scenarios.bats
    done
}

@test "check quickstart" {
    as_expected quickstart "1 hold, 0 fail"
}

@test "check coordinated_omission: who waits for answers does not see a stall" {
    as_expected coordinated_omission "3 hold, 1 fail" --replications 4
}

@test "check slow_failure: the breakdown names the culprit" {
    as_expected slow_failure "16 hold, 2 fail"
}

@test "check deep_queue_vs_lifo: newest first saves those who still wait" {
    as_expected deep_queue_vs_lifo "10 hold, 2 fail" --replications 4
}

@test "check thundering_herd: without jitter the refused come back together" {
    as_expected thundering_herd "9 hold, 1 fail" --replications 4
}

# Four runs instead of ten: every verdict is decided by then, in a third of the time.
@test "check recsys: two whiteboard figures are wrong, and two what-ifs break it" {
    as_expected recsys "7 hold, 4 fail" --replications 4
    grep -q '^  fails  *P99 is 48 ms: .*\[15\.6 ms ± ' "$tmp/out"
    grep -q '^  fails  *0\.0003 \$ per request: .*\[\$0\.000000267 ± ' "$tmp/out"
}

@test "check power_of_two: the second choice does nearly all" {
    as_expected power_of_two "4 hold, 2 fail"
}

@test "check hot_shard: neither more shards nor one copy helps" {
    as_expected hot_shard "6 hold, 3 fail"
}

@test "check outlier_ejection: nine replicas are not protected" {
    as_expected outlier_ejection "6 hold, 1 fail"
}

@test "check gray_failure: probes see nothing" {
    as_expected gray_failure "6 hold, 3 fail"
}

@test "check autoscaling_lag: an HPA is minutes late" {
    as_expected autoscaling_lag "8 hold, 3 fail"
}

@test "check kubernetes_gpu: pod by pod, jobs lock each other out" {
    as_expected kubernetes_gpu "8 hold, 2 fail"
}

@test "check whiteboard" {
    as_expected whiteboard "15 hold, 1 fail" --replications 4
}

@test "check retry_storm: the storm stays, and what takes it away" {
    as_expected retry_storm "13 hold, 2 fail"
}

@test "check cache_stampede: single flight and stale answers" {
    as_expected cache_stampede "6 hold, 1 fail"
}

@test "check breaker: who does not need the dead service does not suffer" {
    as_expected breaker "6 hold, 2 fail" --replications 4
}

@test "check bulkhead: a noisy neighbour" {
    as_expected bulkhead "5 hold, 2 fail" --replications 4
}

@test "check hedging: bad luck, not overload" {
    as_expected hedging "7 hold, 1 fail" --replications 4
}

@test "check tail_at_scale" {
    as_expected tail_at_scale "6 hold, 1 fail" --replications 4
}

@test "check failover: detection, and then records that clients keep" {
    as_expected failover "10 hold, 2 fail"
}

@test "check multi_region: a loss is survived, half of one and a tight fleet are not" {
    as_expected multi_region "11 hold, 6 fail"
}

@test "check replay: 8 GPUs for the sample, and 7 are too few" {
    as_expected replay "1 hold, 1 fail"
}

@test "check load_shedding: all guards but one bring goodput back, two spare those who pay" {
    as_expected load_shedding "9 hold, 4 fail"
}

@test "check cascading_failure: nodes die one after the other, unless they shed load" {
    as_expected cascading_failure "10 hold, 2 fail"
}

@test "check model_mesh: cold starts as Che foretells, and a quota of memory against a tenant who asks for all models" {
    as_expected model_mesh "15 hold, 3 fail"
}

@test "check feature_store: a breaker makes failing fast, and a late job takes its time to become an outage" {
    as_expected feature_store "16 hold, 3 fail"
}

@test "check degradation: each rung adds its own, if the one above refuses in time" {
    as_expected degradation "19 hold, 5 fail"
}

# ---- the sample --------------------------------------------------------------------------------------

@test "the sample of requests is what its generator makes, byte for byte" {
    make_sample >"$tmp/sample.csv"
    cmp "$tmp/sample.csv" scenarios/sample_requests.csv
}

@test "the sample has the published shape" {
    make_sample 200000 >"$tmp/long.csv"
    quantile() { tail -n +2 "$tmp/long.csv" | cut -d, -f"$1" | sort -n | sed -n "$2p"; }
    near() { awk -v x="$1" -v want="$2" 'BEGIN { print x, want; exit !(x > 0.98 * want && x < 1.02 * want) }'; }
    near "$(quantile 2 100000)" 1020
    near "$(quantile 2 180000)" 2735
    near "$(quantile 2 198000)" 4142
    near "$(quantile 3 100000)" 129
    near "$(quantile 3 180000)" 424
    near "$(quantile 3 198000)" 601
    near "$(awk -F, 'NR > 1 { last = $1 } END { print (NR - 2) / last }' "$tmp/long.csv")" 5.53
    near "$(awk -F, 'NR > 2 { g = $1 - at; n++; s += g; q += g * g } NR > 1 { at = $1 }
                     END { m = s / n; print sqrt(q / n - m * m) / m }' "$tmp/long.csv")" 1.094
}

# ---- replay ------------------------------------------------------------------------------------------

@test "replay leaves nothing to chance: another seed and one thread more give the same figures" {
    for options in "--seed 1 --jobs 1" "--seed 7 --jobs 2"; do
        # shellcheck disable=SC2086
        "$nines" run replay --json $options | jq -S '.metrics, .requests' >"$tmp/result"
        [ ! -f "$tmp/first" ] || cmp "$tmp/first" "$tmp/result"
        mv "$tmp/result" "$tmp/first"
    done
}

# The file is larger than the memory that the program may have.
@test "replay reads a file of four million rows in 60 MB of address space" {
    make_sample 4000000 >"$tmp/long.csv"
    [ "$(stat -c %s "$tmp/long.csv")" -gt 80000000 ]
    (ulimit -v 60000 && "$nines" run replay --set trace="$tmp/long.csv" --set gpus=9 --replications 1 --jobs 1 --json >"$tmp/json")
    [ "$(jq .requests.finished "$tmp/json")" -eq 4000000 ]
    jq -e '.audit.conserved and .audit.little' "$tmp/json" >/dev/null
}

# A second program, ten lines long, that knows nothing of events: first come, first served on N equal servers.
@test "replay agrees with the recursion of a queue with several servers" {
    awk -F, -v n=8 'NR > 1 {
        k = 1
        for (i = 2; i <= n; i++) if (free[i] < free[k]) k = i
        start = free[k] > $1 ? free[k] : $1
        free[k] = start + 50e-6 * $2 + 7.3e-3 * $3
        sum += free[k] - $1; wait += start - $1
    } END { printf "%.6f %.6f\n", sum / (NR - 1), wait / (NR - 1) }' scenarios/sample_requests.csv >"$tmp/expected"
    "$nines" run replay --set gpus=8 --set prefill=50us --set decode=7.3ms --json >"$tmp/json"
    jq -r '.metrics["latency.mean"].value' "$tmp/json" >"$tmp/measured"
    paste "$tmp/expected" "$tmp/measured"
    paste "$tmp/expected" "$tmp/measured" | awk '{ d = $1 - $3; exit !(d < 1e-5 && d > -1e-5) }'
}

# One hour of a real conversation service: a fifth more work than the sample of the same quantiles, and busy minutes.
@test "replay of the real trace: 11 GPUs keep P99 under 10 s, 10 do not" {
    [ -f "$real" ] || skip "$real is not there"
    measures latency.p99 14.2 14.4 replay --set trace="$real" --set gpus=10
    measures latency.p99 7.55 7.65 replay --set trace="$real" --set gpus=11
    [ "$(jq .requests.finished "$tmp/json")" -eq $((2 * 19366)) ]   # of both replications
}
