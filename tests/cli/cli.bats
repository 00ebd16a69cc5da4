#!/usr/bin/env bats
# Every command and option, as a stranger meets them.

load helper

shop=tests/cli/fixtures/shop.lua

# ---- nines, help, new, list ------------------------------------------------------------------------

@test "nines alone: three commands to try, and each of them is one" {
    succeeds
    [ "$(grep -cE '^  nines (run|check) ' "$tmp/out")" -eq 3 ]
    for name in $(sed -nE 's/^  nines (run|check) ([a-z]+).*/\2/p' "$tmp/out"); do
        [ -f "scenarios/$name.lua" ]
    done
}

@test "--version" {
    succeeds --version
    grep -qE '^nines [0-9]+\.[0-9]+\.[0-9]+$' "$tmp/out"
}

@test "help: names every command, component, distribution, signal, fault and word" {
    succeeds help
    for section in Commands Options Components Agents Distributions Faults Words; do
        grep -q "^$section" "$tmp/out"
    done
    grep -q '^Signals' "$tmp/out"
    for word in run check compare why plot new list station breaker alert lognormal zipf ramp diurnal slow flush scenario knobs claim; do
        grep -qE "^  $word +[^ ]" "$tmp/out"
    done
}

@test "--help and -h: the same as help, and the page of a command behind it" {
    succeeds help
    mv "$tmp/out" "$tmp/help"
    succeeds --help
    cmp "$tmp/help" "$tmp/out"
    succeeds -h
    cmp "$tmp/help" "$tmp/out"
    succeeds help run
    mv "$tmp/out" "$tmp/help"
    succeeds run --help
    cmp "$tmp/help" "$tmp/out"
}

@test "help NAME: every name on the help page has a page of its own" {
    succeeds help
    sed -nE '/^Options/,/^Components/!s/^  ([a-z_]+) +[^ ].*/\1/p' "$tmp/out" >"$tmp/names"
    [ "$(wc -l <"$tmp/names")" -ge 50 ]
    while read -r name; do
        echo "$name"
        succeeds help "$name"
        grep -q "^$name: " "$tmp/out"
        [ "$(wc -l <"$tmp/out")" -ge 2 ]
    done <"$tmp/names"
}

@test "help NAME: the examples of distributions, signals, linear and table can be used" {
    succeeds help
    sed -nE '/^(Distributions|Signals)/,/^Faults/s/^  ([a-z_]+) +[^ ].*/\1/p' "$tmp/out" >"$tmp/names"
    printf 'linear\ntable\n' >>"$tmp/names"
    while read -r name; do
        succeeds help "$name"
        example=$(sed -n "s/^  \(.*$name {.*\)/\1/p" "$tmp/out" | head -n 1)
        echo "$name: $example"
        [ -n "$example" ]
        case $example in *file\ =*) continue ;; esac
        echo "return scenario { workload = open { rate = 10, facts = { tokens = 5, batch_size = 2 } },
                entry = station { service = $example }, run = { warmup = 0, duration = 1, replications = 1 } }" >"$tmp/example.lua"
        succeeds run "$tmp/example.lua" --quiet
    done <"$tmp/names"
}

@test "help NAME: the examples of faults can be read" {
    succeeds help
    sed -nE '/^Faults/,/^Words/s/^  ([a-z_]+) +[^ ].*/\1/p' "$tmp/out" >"$tmp/names"
    [ "$(wc -l <"$tmp/names")" -ge 7 ]
    while read -r name; do
        succeeds help "$name"
        example=$(sed -n "s/^  \($name {.*\)/\1/p" "$tmp/out" | head -n 1)
        echo "$name: $example"
        [ -n "$example" ]
        cat >"$tmp/example.lua" <<LUA
local fleet = balance { name = "fleet", replicas { name = "pod", count = 3, build = function()
  local cpu = pool { name = "cpu", servers = 2 }
  return station { name = "rank", on = cpu, service = "1ms" } end } }
return scenario {
  workload = open { name = "clients", rate = 10 },
  entry = cache { hit_ratio = 0.5, chain { delay { name = "store", time = "1ms" }, fleet } },
  run = { warmup = 0, duration = "100s", replications = 1 },
  phases = { fault = { "60s", "90s" } },
  faults = { $example },
}
LUA
        succeeds run "$tmp/example.lua" --quiet
    done <"$tmp/names"
}

@test "help reference: Markdown of everything" {
    succeeds help reference components
    grep -q '^## ' "$tmp/out"
    succeeds help reference words
    grep -q '^### ' "$tmp/out"
}

@test "help on nothing: did you mean" {
    fails_with 2 "there is no help on 'breakr'; did you mean 'breaker'?" help breakr
    fails_with 2 "there is no help on 'qqqqqqqqq'; nines help lists what there is" help qqqqqqqqq
    fails_with 2 "help explains one thing at a time, such as: nines help station" help station breaker
}

@test "unknown command: did you mean" {
    fails_with 2 "there is no command 'rnu'; did you mean 'run'?" rnu
    fails_with 2 "there is no command 'qqqqqqqqq'; see: nines help" qqqqqqqqq
}

@test "new: a scenario that runs and checks, and is never overwritten" {
    cd "$tmp"
    succeeds new market
    [ "$(cat out)" = "market.lua is written. Next: nines run market.lua" ]
    succeeds run market.lua --quiet
    succeeds check market.lua
    cp market.lua before
    fails_with 2 "market.lua: it exists already; choose another name" new market
    fails_with 2 "market.lua: it exists already; choose another name" new market.lua
    cmp before market.lua
    succeeds new other.lua --quiet
    [ ! -s out ]
    grep -q 'title    = "other"' other.lua
}

@test "new: without a name, or where it cannot write" {
    fails_with 2 "new wants a name: nines new shop" new
    fails_with 2 "new wants a name: nines new shop" new a b
    fails_with 2 "$tmp/nowhere/shop.lua: No such file or directory" new "$tmp/nowhere/shop"
}

@test "list: every scenario with its question, and every one of them runs" {
    succeeds list
    [ "$(grep -cE '^[a-z_0-9]+ +[^ ]' "$tmp/out")" -ge 2 ]
    for f in scenarios/*.lua; do
        grep -q "^$(basename "$f" .lua) .*[^ ]" "$tmp/out"
    done
    fails_with 2 "list takes no words" list all
    for f in scenarios/*.lua; do
        echo "$f"
        succeeds run "$(basename "$f" .lua)" --replications 1 --duration 2s --quiet
    done
}

# ---- run: forms of output ---------------------------------------------------------------------------

@test "run: a summary with throughput, P99, the busiest component and the next command" {
    succeeds run $shop
    grep -q '^Shop  (case base, seed 1)$' "$tmp/out"
    grep -qE '^  goodput +[0-9.]+/s ± ' "$tmp/out"
    grep -qE '^  latency P99 +[0-9.]+ ms ± ' "$tmp/out"
    grep -qE '^  desk +[0-9.]+ % ± ' "$tmp/out"
    grep -qE '^  next: nines check ' "$tmp/out"
}

@test "run: exit status 0 whatever the verdicts" {
    succeeds run tests/cli/fixtures/differs.lua
}

@test "run --json: one valid document, with what the design promises" {
    succeeds run $shop --json
    jq -e '.schema == "nines.result/1" and .seed == 1 and .replications == 4 and .knobs.rps == 50 and .case == "base"' "$tmp/out"
    jq -e '.metrics["latency.p99"] | .value > 0 and (.ci95 | length == 2) and .n == 4 and .unit == "s"' "$tmp/out"
    jq -e '.audit.conserved and .audit.little' "$tmp/out"
    jq -e '[.nodes[].address] | index("desk") != null' "$tmp/out"
    jq -e '.requests | .in_flight_at_start + .offered == .finished + .in_flight_at_end' "$tmp/out"
    jq -e '.requests | ([.by_outcome[]] | add) <= .offered' "$tmp/out"
    jq -e '.time.measured_s == 30 and .time.warmup_s == 1' "$tmp/out"
}

@test "run --csv: a header, then rows of as many fields" {
    succeeds run $shop --csv
    [ "$(head -n 1 "$tmp/out")" = "metric,value,ci95_lo,ci95_hi,n,unit" ]
    grep -qE '^latency.p99,0\.[0-9]+,' "$tmp/out"
    awk -F, '/^"/ { next } NF != 6 { print; bad = 1 } END { exit bad || NR < 10 }' "$tmp/out"
}

@test "run --quiet: not a word" {
    succeeds run $shop --quiet
    [ ! -s "$tmp/out" ]
}

@test "run: the same result each time, another for another seed" {
    succeeds run $shop --json
    without_run "$tmp/out" >"$tmp/one"
    succeeds run $shop --json --seed 1
    without_run "$tmp/out" | cmp "$tmp/one" -
    succeeds run $shop --json --seed 2
    without_run "$tmp/out" >"$tmp/two"
    ! cmp -s "$tmp/one" "$tmp/two"
    succeeds run $shop --json --seed 2
    without_run "$tmp/out" | cmp "$tmp/two" -
    succeeds run $shop --json --seed 18446744073709551615
    jq -e '.metrics["latency.p99"].value > 0' "$tmp/out"
}

@test "--audit=full: more is checked, nothing changes" {
    for args in "run $shop --case slow --replications 2 --json" "run recsys --case slow_pod --set rps=100 --warmup 1s --duration 70s --replications 1 --json"; do
        succeeds $args --audit=ends
        jq -S 'del(.run)' "$tmp/out" >"$tmp/ends"
        succeeds $args --audit=full
        jq -S 'del(.run)' "$tmp/out" | cmp - "$tmp/ends"
    done
    succeeds compare $shop base slow --replications 2 --audit=full
    fails_with 2 "--audit some: it is one of ends, full" run $shop --audit some
}

@test "run --jobs: the number of threads changes nothing" {
    succeeds run $shop --case slow --replications 7 --jobs 1 --json
    without_run "$tmp/out" >"$tmp/one"
    for jobs in 2 5; do
        succeeds run $shop --case slow --replications 7 --jobs $jobs --json
        without_run "$tmp/out" | cmp "$tmp/one" -
    done
    succeeds run recsys --set rps=1000 --warmup 1s --duration 2s --replications 3 --jobs 1 --json
    without_run "$tmp/out" >"$tmp/one"
    succeeds run recsys --set rps=1000 --warmup 1s --duration 2s --replications 3 --jobs 2 --json
    without_run "$tmp/out" | cmp "$tmp/one" -
}

@test "run --replications, --duration, --warmup" {
    succeeds run $shop --replications 2 --duration 3s --warmup 500ms --json
    jq -e '.replications == 2 and .time.measured_s == 3 and .time.warmup_s == 0.5' "$tmp/out"
    jq -e '.metrics["latency.mean"].n == 2' "$tmp/out"
    succeeds run $shop --duration=3 --warmup=0 --json
    jq -e '.time.measured_s == 3 and .time.warmup_s == 0' "$tmp/out"
    jq -e '.time.warmup_auto == false' "$tmp/out"
    succeeds run $shop --warmup auto --duration 20s --json
    jq -e '.time.warmup_s >= 0 and .time.warmup_auto' "$tmp/out"
    succeeds run $shop --warmup auto --duration 20s
    grep -q ' after a warm-up of [0-9]* *s found by MSER-5$' "$tmp/out"
}

@test "run --duration: phases that no longer happen are empty, not an error" {
    succeeds run $shop --duration 1s --replications 2 --json
    jq -e '.metrics["latency.mean{phase=fault}"].value == null' "$tmp/out"
}

@test "run --nodes: every replica, or only what they have in common" {
    succeeds run tests/cli/fixtures/pods.lua --json
    jq -e '.metrics | has("pod[*].model:utilization") and (has("pod[2].model:utilization") | not)' "$tmp/out"
    succeeds run tests/cli/fixtures/pods.lua --json --nodes=all
    jq -e '.metrics | has("pod[*].model:utilization") and has("pod[2].model:utilization")' "$tmp/out"
    succeeds run tests/cli/fixtures/pods.lua --json --nodes pooled
    jq -e '.metrics | has("pod[2].model:utilization") | not' "$tmp/out"
}

@test "run --case: the case's knobs and faults; base is the scenario as written" {
    succeeds run $shop --json
    without_run "$tmp/out" >"$tmp/one"
    succeeds run $shop --case base --json
    without_run "$tmp/out" | cmp "$tmp/one" -
    succeeds run $shop --case busy --json
    jq -e '.case == "busy" and .knobs.rps == 100 and .metrics.offered.value > 80' "$tmp/out"
    succeeds run $shop --case slow --json
    jq -e '.knobs.rps == 50' "$tmp/out"
    ! without_run "$tmp/out" | cmp -s "$tmp/one" -
    fails_with 2 "there is no case 'bussy'; there are base, busy, slow" run $shop --case bussy
}

@test "faults: a set heals, whatever kind of parameter it is; an address may name several components" {
    cat >"$tmp/heal.lua" <<'LUA'
return scenario {
  workload = open { rate = 500 },
  entry = chain {
    split { to = { a = delay { name = "a", time = "1ms" }, b = delay { name = "b", time = "1ms" } }, weights = { a = 1, b = 0 } },
    balance { replicas { name = "pod", count = 3, build = function() return station { name = "rank", service = "1ms" } end } },
  },
  run = { warmup = 0, duration = 30, replications = 2 },
  phases = { one = { 0, 10 }, two = { 10, 20 }, three = { 20, 30 } },
  faults = { set { "split:weights", { a = 0, b = 1 }, phase = "two" }, set { "pod[*].rank:queue.limit", 0, phase = "two" },
             down { "pod[*]", from = 29 } },
}
LUA
    succeeds run "$tmp/heal.lua" --json
    for phase in one three; do
        jq -e ".metrics[\"offered{phase=$phase}\"].value > 300" "$tmp/out"
    done
    succeeds run "$tmp/heal.lua" --csv
    for claim in 'a:offered{phase=one} > 300' 'a:offered{phase=two} < 1' 'a:offered{phase=three} > 300' \
        'availability{phase=one} > 99%' 'availability{phase=two} < 99%' 'availability{phase=three} < 99%'; do
        sed "s/^  run = /  claims = { claim { \"x\", \"$claim\" } },\n&/" "$tmp/heal.lua" >"$tmp/claim.lua"
        echo "$claim"
        run_nines check "$tmp/claim.lua" --replications 3
        show
        [ "$status" -eq 0 ]
    done
}

# ---- settings -----------------------------------------------------------------------------------------

@test "run --set: knobs" {
    succeeds run $shop --set rps=80 --set servers=6 --set order=lifo --json
    jq -e '.knobs.rps == 80 and .knobs.servers == 6 and .knobs.order == "lifo" and .metrics.offered.value > 65' "$tmp/out"
    succeeds run $shop --set rps=80 --set rps=20 --json
    jq -e '.knobs.rps == 20' "$tmp/out"
}

@test "run --set: a parameter by its address" {
    succeeds run $shop --set servers=8 --json
    jq '.metrics["desk:utilization"].value' "$tmp/out" >"$tmp/one"
    succeeds run $shop --set desk:servers=8 --json
    jq '.metrics["desk:utilization"].value' "$tmp/out" | cmp "$tmp/one" -
    succeeds run tests/cli/fixtures/pods.lua --set 'pod[2].model:service=0' --nodes=all --json
    jq -e '.metrics | .["pod[2].model:utilization"].value == 0 and .["pod[1].model:utilization"].value > 0' "$tmp/out"
}

@test "run --set: wrong ones" {
    fails_with 2 "--set rsp=5: there is no such knob; there are order, rps, servers" run $shop --set rsp=5
    fails_with 2 "--set rps: it wants the form name=value or address:parameter=value" run $shop --set rps
    fails_with 2 "--set =5: it wants the form name=value or address:parameter=value" run $shop --set =5
    fails_with 2 "$shop:2: knob 'rps': --set rps=many: \"many\" is not a number" run $shop --set rps=many
    fails_with 2 "$shop:2: knob 'rps': --set rps=5000: 5000 is above its max of 1000" run $shop --set rps=5000
    fails_with 2 "$shop:2: knob 'rps': --set rps=0: 0 is below its min of 1" run $shop --set rps=0
    fails_with 2 "$shop:2: knob 'servers': --set servers=2.5: 2.5 is not a whole number" run $shop --set servers=2.5
    fails_with 2 "$shop:2: knob 'order': --set order=fito: \"fito\" is not one of its choices: \"fifo\", \"lifo\"" \
        run $shop --set order=fito
    fails_with 2 "--set dsk:servers=2: nothing has the address 'dsk'; did you mean 'desk'?" run $shop --set dsk:servers=2
    fails_with 2 "--set desk:serves=2: station: unknown key 'serves'; did you mean 'servers'?" run $shop --set desk:serves=2
    fails_with 2 "--set desk:servers=x: servers: \"x\" was given; it wants a number" run $shop --set desk:servers=x
    fails_with 2 "--set clients:classes=x: open: classes is read while the file runs and cannot be set afterwards; make it a knob" \
        run $shop --set clients:classes=x
    fails_with 2 "--set requests:file=x.csv: trace: file is read while the file runs and cannot be set afterwards; make it a knob" \
        run replay --set requests:file=x.csv
    fails_with 2 "--set x=1: there is no such knob; the scenario has none" run tests/cli/fixtures/pods.lua --set x=1
}

@test "options: wrong ones" {
    fails_with 2 "there is no option --sed; did you mean --set?" run $shop --sed 5
    fails_with 2 "run takes no option --qqqqqqqqq; see: nines help run" run $shop --qqqqqqqqq
    fails_with 2 "check takes no option --out; see: nines help check" check $shop --out x
    fails_with 2 "there is no option -q; options begin with two dashes, see: nines help run" run $shop -q
    fails_with 2 "--seed wants a value" run $shop --seed
    fails_with 2 "--out wants a value" run $shop --out=
    fails_with 2 "--json takes no value" run $shop --json=yes
    for value in -1 1.5 x 18446744073709551616; do
        fails_with 2 "--seed $value: it wants a whole number of 0 to 18446744073709551615" run $shop --seed $value
    done
    for value in 0 -1 1.5 nan 1e9; do
        fails_with 2 "--replications $value: it wants a whole number of 1 to 1000000" run $shop --replications $value
    done
    for value in 0 2000 two; do
        fails_with 2 "--jobs $value: it wants a whole number of 1 to 1024" run $shop --jobs $value
    done
    fails_with 2 "--duration 0s: it must be above 0" run $shop --duration 0s
    fails_with 2 "--duration 1e300: it is longer than 146 years" run $shop --duration 1e300
    fails_with 2 "--duration 50MiB: \"50MiB\" is not a duration such as \"50ms\" (a plain number is seconds)" run $shop --duration 50MiB
    fails_with 2 "--warmup -1s: it must not be negative" run $shop --warmup -1s
    fails_with 2 "--format gif: it is one of svg, png, pdf" run $shop --format gif
    fails_with 2 "--nodes most: it is one of pooled, all" run $shop --nodes most
}

@test "scenarios: by file, by name, and by neither" {
    succeeds run quickstart --replications 1 --duration 2s --quiet
    succeeds run scenarios/quickstart.lua --replications 1 --duration 2s --quiet
    fails_with 2 "run which scenario? for example: nines run quickstart" run
    fails_with 2 "run takes one scenario" run $shop $shop
    fails_with 2 "./nosuch.lua: there is no such file" run ./nosuch.lua
    fails_with 2 "nosuch: there is no such scenario; \`nines list\` shows those that come with nines, a file of your own ends in .lua" \
        run nosuch
    mkdir "$tmp/quickstart"
    cd "$tmp"
    succeeds run quickstart --replications 1 --duration 2s --quiet
}

@test "messages: one line, whatever is in them" {
    run_nines run "$(printf 'a\033[31m\nb')"
    [ "$status" -eq 2 ]
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
    ! grep -q "$(printf '\033')" "$tmp/err"
}

# ---- run --out, --plot, plot --------------------------------------------------------------------------

@test "run --out: four files, complete" {
    run_nines run $shop --out "$tmp/result"
    [ "$status" -eq 0 ]
    [ "$(cat "$tmp/err")" = "written: $tmp/result" ]
    [ "$(ls -A "$tmp/result" | tr '\n' ' ')" = "histogram.csv metrics.csv series.csv summary.json " ]
    jq -e '.schema == "nines.result/1"' "$tmp/result/summary.json"
    [ "$(head -n 1 "$tmp/result/metrics.csv")" = "metric,value,ci95_lo,ci95_hi,n,unit" ]
    [ "$(head -n 1 "$tmp/result/histogram.csv")" = "metric,low_s,high_s,count" ]
    [ "$(head -n 1 "$tmp/result/series.csv")" = "t_s,metric,value" ]
    [ "$(wc -l <"$tmp/result/histogram.csv")" -gt 100 ]
    [ "$(wc -l <"$tmp/result/series.csv")" -gt 100 ]
    ok=$(jq '.requests.by_outcome.ok' "$tmp/result/summary.json")
    [ "$(awk -F, 'NR > 1 { n += $4 } END { print n }' "$tmp/result/histogram.csv")" = "$ok" ]
    ls -A "$tmp" | grep -v -e '^err$' -e '^out$' -e '^result$' && return 1
    true
}

@test "run --out: the text on stdout stays what it is, and folders in between are made" {
    succeeds run $shop
    mv "$tmp/out" "$tmp/one"
    run_nines run $shop --out "$tmp/a/b/c/"
    cmp "$tmp/one" "$tmp/out"
    [ -f "$tmp/a/b/c/summary.json" ]
}

@test "run --out: an earlier result is replaced, whole" {
    succeeds run $shop --out "$tmp/result" --quiet
    touch "$tmp/result/old.svg"
    succeeds run $shop --out "$tmp/result" --quiet --seed 2
    jq -e '.seed == 2' "$tmp/result/summary.json"
    [ ! -e "$tmp/result/old.svg" ]
}

@test "run --out: anything else that stands there is left alone" {
    mkdir "$tmp/mine"
    echo precious >"$tmp/mine/file"
    fails_with 2 "$tmp/mine: it exists and is no result of nines; name another folder" run $shop --out "$tmp/mine"
    [ "$(cat "$tmp/mine/file")" = precious ]
    fails_with 2 "$tmp/mine/file: it exists and is no folder" run $shop --out "$tmp/mine/file"
    fails_with 2 "$tmp/mine/file/result: Not a directory" run $shop --out "$tmp/mine/file/result"
    [ "$(cat "$tmp/mine/file")" = precious ]
    mkdir "$tmp/empty"
    succeeds run $shop --out "$tmp/empty" --quiet
    [ -f "$tmp/empty/summary.json" ]
}

@test "run --out: a place that cannot be is refused before the run" {
    touch "$tmp/file"
    SECONDS=0
    fails_with 2 "$tmp/file/a/b: Not a directory" run tests/cli/fixtures/long.lua --out "$tmp/file/a/b"
    fails_with 2 "$tmp/file/a: Not a directory" run tests/cli/fixtures/long.lua --out "$tmp/file/a"
    [ "$SECONDS" -le 5 ]
}

@test "run --out: killed while running, it leaves nothing" {
    "$nines" run tests/cli/fixtures/long.lua --out "$tmp/result" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
    sleep 0.5
    kill -0 $pid
    kill -9 $pid
    wait $pid || true
    [ ! -e "$tmp/result" ]
    [ ! -s "$tmp/out" ]
}

@test "run --out: killed while writing, the earlier result is still the one that is there" {
    succeeds run $shop --out "$tmp/result" --quiet
    "$nines" run $shop --out "$tmp/result" --plot --seed 2 --quiet &
    pid=$!
    for _ in $(seq 500); do
        ls -d "$tmp"/result.partial-* >/dev/null 2>&1 && break
        sleep 0.01
    done
    ls -d "$tmp"/result.partial-*
    kill -9 $pid
    wait $pid || true
    jq -e '.seed == 1' "$tmp/result/summary.json"
    [ -f "$tmp/result/series.csv" ]
}

@test "run --plot: pictures beside the data, svg and png" {
    succeeds run $shop --out "$tmp/result" --plot --quiet
    for name in latency tail percentiles load; do
        head -c 300 "$tmp/result/$name.svg" | grep -q '<svg'
        [ "$(head -c 4 "$tmp/result/$name.png" | tail -c 3)" = PNG ]
    done
    [ -f "$tmp/result/summary.json" ]
}

@test "run --plot: without --out in out/SCENARIO, made when there is none, with the case in its name" {
    mkdir "$tmp/work"
    cp $shop "$tmp/work/shop.lua"
    cd "$tmp/work"
    succeeds run shop.lua --plot --quiet --format svg
    [ -f out/shop/latency.svg ]
    succeeds run shop.lua --case busy --plot --quiet --format svg
    [ -f out/shop-busy/latency.svg ]
}

@test "run --format: one kind of picture" {
    succeeds run $shop --out "$tmp/result" --plot --format pdf --quiet
    [ "$(head -c 4 "$tmp/result/latency.pdf")" = "%PDF" ]
    ! ls "$tmp"/result/*.svg "$tmp"/result/*.png
}

@test "run --plot: without gnuplot it says so, and the data is whole" {
    PATH=/nonexistent "$nines" run $shop --out "$tmp/result" --plot --quiet >"$tmp/out" 2>"$tmp/err" && status=0 || status=$?
    cat "$tmp/err"
    [ "$status" -ne 0 ]
    grep -q 'gnuplot is not installed' "$tmp/err"
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
    [ "$(ls -A "$tmp/result" | tr '\n' ' ')" = "histogram.csv metrics.csv series.csv summary.json " ]
    jq -e .schema "$tmp/result/summary.json"
    succeeds plot "$tmp/result" --format svg
    [ -f "$tmp/result/latency.svg" ]
}

@test "plot DIR: names what it has drawn" {
    succeeds run $shop --out "$tmp/result" --quiet
    succeeds plot "$tmp/result"
    [ "$(wc -l <"$tmp/out")" -ge 8 ]
    while read -r f; do [ -s "$f" ]; done <"$tmp/out"
    succeeds plot "$tmp/result" --quiet --format svg
    [ ! -s "$tmp/out" ]
}

@test "plot: what is no result" {
    mkdir "$tmp/empty"
    echo '{' >"$tmp/empty/other.json"
    for what in "$tmp/empty" "$tmp/nosuch" $shop; do
        run_nines plot "$what"
        show
        [ "$status" -eq 2 ]
        [ ! -s "$tmp/out" ]
        [ "$(wc -l <"$tmp/err")" -eq 1 ]
        grep -q 'a result folder is what' "$tmp/err"
    done
    fails_with 2 "plot wants the folder of a result: nines run recsys --out DIR, then nines plot DIR" plot
    [ "$(ls "$tmp/empty")" = other.json ]
}

@test "plot: a damaged result" {
    for damage in '{' '[]' 'null' '{"schema":"other/1"}' '{"schema":"nines.result/1"}'; do
        rm -rf "$tmp/result"
        succeeds run $shop --replications 1 --duration 2s --out "$tmp/result" --quiet
        echo "$damage" >"$tmp/result/summary.json"
        run_nines plot "$tmp/result"
        echo "$damage"
        show
        [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
        [ "$(wc -l <"$tmp/err")" -le 1 ]
    done
}

# ---- check ----------------------------------------------------------------------------------------------

@test "check: exit statuses" {
    cd tests/cli/fixtures
    run_nines check shop.lua
    [ "$status" -eq 0 ]
    run_nines check refuted.lua
    [ "$status" -eq 0 ]
    run_nines check differs.lua
    [ "$status" -eq 1 ]
    run_nines check undecided.lua
    [ "$status" -eq 3 ]
    run_nines check nosuch.lua
    [ "$status" -eq 2 ]
}

@test "check: of several files the worst counts: unusable, then different, then undecided" {
    cd tests/cli/fixtures
    while read -r expected files; do
        # shellcheck disable=SC2086
        run_nines check $files
        echo "$files: $status"
        [ "$status" -eq "$expected" ]
    done <<LIST
0 shop.lua refuted.lua
3 shop.lua undecided.lua
1 differs.lua undecided.lua
1 undecided.lua differs.lua shop.lua
2 nosuch.lua shop.lua
2 differs.lua undecided.lua ../broken/unknown_key.lua
2 ../broken/unknown_key.lua undecided.lua differs.lua
LIST
}

@test "check: every file is judged, also behind an unusable one" {
    cd tests/cli/fixtures
    run_nines check nosuch.lua shop.lua differs.lua
    grep -q '^shop.lua: ' "$tmp/out"
    grep -q '^differs.lua: ' "$tmp/out"
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
}

@test "check: says what was claimed, measured and expected" {
    cd tests/cli/fixtures
    run_nines check differs.lua
    grep -qE '^  fails +it is very fast: latency.mean < 10ms +\[[0-9.]+ ms ± [0-9.]+ m?u?s, n = [0-9]+\]' "$tmp/out"
    grep -q 'expected: holds' "$tmp/out"
    run_nines check refuted.lua
    grep -q 'because the work alone takes 30 ms' "$tmp/out"
}

@test "check --json, --quiet" {
    run_nines check tests/cli/fixtures/differs.lua --json
    [ "$status" -eq 1 ]
    jq -e '.claims | length == 1 and .[0].verdict == "fails" and .[0].expected == "holds"' "$tmp/out"
    run_nines check tests/cli/fixtures/differs.lua --quiet
    [ "$status" -eq 1 ]
    [ ! -s "$tmp/out" ]
}

@test "check: nothing to check" {
    fails_with 2 "check which scenario? for example: nines check recsys" check
    fails_with 2 "tests/cli/fixtures/no_claims.lua: the scenario makes no claims; add claims = { claim { … } }" \
        check tests/cli/fixtures/no_claims.lua
}

# A bound at what is measured: nothing decides it soon.
close_claim() {
    cat >"$tmp/close.lua" <<LUA
return scenario {
  workload = open { rate = 50 },
  entry    = station { servers = 4, service = exponential { mean = "30ms" } },
  run      = { warmup = "1s", duration = "10s", replications = 3, max_replications = 20 },
  claims   = { claim { "close", "latency.mean < 30.5ms" }, claim { "far", "latency.mean < 1s" } },
}
LUA
}

@test "check: more replications until decided, up to a limit" {
    close_claim
    run_nines check "$tmp/close.lua"
    [ "$status" -eq 3 ]
    grep -qE '^  undecided  close: .*, n = 20; undecided after 20 replications at [0-9.]+ % confidence\]$' "$tmp/out"
    grep -qE '^  holds      far: .*, n = 3\]$' "$tmp/out"
    run_nines check "$tmp/close.lua" --max-replications 7
    grep -q 'undecided after 7 replications' "$tmp/out"
    run_nines check "$tmp/close.lua" --replications 4
    grep -q 'undecided after 4 replications\]' "$tmp/out"
    fails_with 2 "--max-replications 3 is less than --replications 4" check $shop --replications 4 --max-replications 3
}

@test "check, run --precision: the number of threads changes nothing" {
    close_claim
    for jobs in 1 2 8; do
        run_nines check "$tmp/close.lua" --json --jobs $jobs
        without_run "$tmp/out" >"$tmp/check$jobs"
        succeeds run "$tmp/close.lua" --precision 4% --json --jobs $jobs
        without_run "$tmp/out" >"$tmp/run$jobs"
        cmp "$tmp/check1" "$tmp/check$jobs"
        cmp "$tmp/run1" "$tmp/run$jobs"
    done
}

@test "run --precision" {
    succeeds run $shop --precision 2% --json
    jq -e '.precision.reached and .precision.wanted == 0.02 and .replications > 4' "$tmp/out"
    jq -e '.metrics["latency.p99"] | (.ci95[1] - .ci95[0]) / 2 <= 0.02 * .value' "$tmp/out"
    succeeds run $shop --precision 0.1% --max-replications 6
    grep -qE '^  precision of 0.1 % not reached by latency.* after 6 replications$' "$tmp/out"
    succeeds run $shop --precision 40%
    grep -q '^  precision of 40 % reached after 4 replications$' "$tmp/out"
    fails_with 2 "--precision 0: it wants a share above 0 and below 1, such as 2%" run $shop --precision 0
    fails_with 2 "--precision 100%: it wants a share above 0 and below 1, such as 2%" run $shop --precision 100%
    run_nines run $shop --precision 2ms
    [ "$status" -eq 2 ]
}

@test "run: one replication has intervals by batches, or reasons" {
    succeeds run $shop --replications 1 --duration 300s --json
    jq -e '.metrics["latency.mean"] | .n == 1 and .batches == 10 and (.ci95 | length == 2) and .sample > 10000' "$tmp/out"
    jq -e '.metrics["latency.max"] | .ci95 == null and (.why_no_ci95 | test("extreme"))' "$tmp/out"
    succeeds run $shop --replications 1 --duration 300s
    grep -q '95 % interval by the batches of one run' "$tmp/out"
    grep -qE '^  goodput +[0-9.]+/s ± ' "$tmp/out"
}

@test "run: a saturated station is named, and has no percentiles" {
    succeeds run $shop --set rps=150
    grep -qE '^  saturated: the queue of desk grew throughout the run: [0-9.]+ % of what arrives there piles up \(\+[0-9.]+/s\)$' "$tmp/out"
    grep -qE '^  latency P99 +n/a \(saturated: the queue of desk grew throughout the run \(\+[0-9.]+/s\)\)$' "$tmp/out"
    grep -qE '^  fails  +latency.p99 < 1s ' "$tmp/out"
    succeeds run $shop --set rps=150 --json
    jq -e '.saturated | length == 1 and .[0].node == "desk" and .[0].growth_per_s > 10 and .[0].share_of_arrivals > 0.08' "$tmp/out"
    jq -e '.metrics["latency.p99"] | .value == null and (.why | test("^saturated: "))' "$tmp/out"
    succeeds run $shop --json
    jq -e '.saturated == []' "$tmp/out"
}

@test "check: settings and replications count here too" {
    run_nines check tests/cli/fixtures/undecided.lua --replications 4
    [ "$status" -eq 0 ]
    run_nines check $shop --set desk:service=2 --duration 5s
    [ "$status" -ne 0 ]
}

# ---- compare --------------------------------------------------------------------------------------------

@test "compare: two cases" {
    succeeds compare $shop base busy
    grep -qE '^\* offered +[0-9.]+/s +[0-9.]+/s +\+[0-9.]+/s ± ' "$tmp/out"
    grep -q "^A: $shop, case base$" "$tmp/out"
    grep -q "^B: $shop, case busy$" "$tmp/out"
}

@test "compare: two settings" {
    succeeds compare $shop servers=4 servers=8
    grep -q "^B: $shop, with servers=8$" "$tmp/out"
    succeeds compare $shop base servers=8
    succeeds compare $shop desk:servers=4 servers=4
    ! grep -q '^\*' "$tmp/out"
}

@test "compare: two files; equal ones do not differ" {
    cp $shop "$tmp/same.lua"
    succeeds compare $shop "$tmp/same.lua"
    ! grep -q '^\*' "$tmp/out"
    grep -q '(equal)' "$tmp/out"
    succeeds compare $shop tests/cli/fixtures/differs.lua
}

@test "compare: wrong words" {
    usage="compare wants a scenario and two cases or settings, or two scenario files: nines compare recsys base flush"
    fails_with 2 "$usage" compare
    fails_with 2 "$usage" compare $shop
    fails_with 2 "$usage" compare $shop a b c
    fails_with 2 "there is no case 'bsy'; there are base, busy, slow" compare $shop base bsy
    fails_with 2 "--set rsp=5: there is no such knob; there are order, rps, servers" compare $shop base rsp=5
}

# ---- why --------------------------------------------------------------------------------------------------

@test "why: shares of the time, and three requests as waterfalls" {
    succeeds why $shop --case busy
    grep -qE '^  share of the time +slowest 1 % +around the median$' "$tmp/out"
    grep -qE '^  desk +wait +[0-9. ]+% ± [0-9.]+ % ' "$tmp/out"
    for which in P50 P99 'the slowest'; do
        grep -qE "^  $which: request [0-9]+ \(clients\), at [0-9.]+ m?s, took [0-9.]+ m?s$" "$tmp/out"
    done
    grep -qE '^    desk +service +[0-9.]+ [mu]?s +\| *=+ *\|$' "$tmp/out"
}

@test "why --json: shares add up to one, paths to the latency; --slowest says of how many" {
    succeeds why $shop --json --slowest 10%
    [ "$(jq -r .schema "$tmp/out")" = nines.why/1 ]
    jq -e '[.shares[].slow.value] | add | . > 0.999999 and . < 1.000001' "$tmp/out"
    jq -e '[.shares[].middle.value] | add | . > 0.999999 and . < 1.000001' "$tmp/out"
    jq -e '.examples | length == 3 and all((.path | map(.to_s - .from_s) | add) - .latency_s | fabs < 1e-9)' "$tmp/out"
    jq -e '.slow_latency_s > .middle_latency_s and .slowest == 0.1' "$tmp/out"
    succeeds run $shop --json
    offered=$(jq .requests.offered "$tmp/out")
    succeeds why $shop --json --slowest 10%
    jq -e --argjson n "$offered" '.requests > 0.099 * $n and .requests < 0.101 * $n' "$tmp/out"
}

@test "why: the same each time, with any number of threads" {
    succeeds why $shop --jobs 1
    mv "$tmp/out" "$tmp/one"
    succeeds why $shop --jobs 2
    cmp "$tmp/one" "$tmp/out"
}

@test "why: few slow requests, and some that take no time" {
    for entry in 'station { service = exponential { mean = "10ms" } }' 'degraded { quality = 0.5 }'; do
        cat >"$tmp/few.lua" <<LUA
return scenario { workload = open { rate = 2 }, entry = $entry, run = { warmup = "0s", duration = "10s", replications = 1 } }
LUA
        succeeds why "$tmp/few.lua"
        grep -q '^  1 replication: 1 slow request takes .*, those around the median ' "$tmp/out"
        grep -q '^  that is few to go by' "$tmp/out"
        mv "$tmp/out" "$tmp/last"
    done
    grep -q '^  they take no time' "$tmp/last"
    ! grep -q 'share of the time' "$tmp/last"
}

@test "why: wrong words" {
    fails_with 2 "why of which scenario? for example: nines why recsys" why
    fails_with 2 "why takes one scenario" why a b
    fails_with 2 "--slowest 2: it wants a share above 0 and below 1, such as 2%" why $shop --slowest 2
    fails_with 2 "there is no case 'bsy'; there are base, busy, slow" why $shop --case bsy
}

# ---- terminals, pipes, disks ------------------------------------------------------------------------------

@test "output: no escape codes and no progress in a pipe" {
    run_nines run $shop --replications 400 --duration 20s
    [ "$status" -eq 0 ]
    ! grep -q "$(printf '\033')" "$tmp/out" "$tmp/err"
    [ ! -s "$tmp/err" ]
}

@test "output: colours on a terminal, none with NO_COLOR" {
    TERM=xterm script -qec "$nines check $shop 2>/dev/null" /dev/null >"$tmp/colour" </dev/null
    grep -q "$(printf '\033')" "$tmp/colour"
    NO_COLOR=1 TERM=xterm script -qec "$nines check $shop 2>/dev/null" /dev/null >"$tmp/plain" </dev/null
    ! grep -q "$(printf '\033')" "$tmp/plain"
    NO_COLOR= TERM=xterm script -qec "$nines check $shop 2>/dev/null" /dev/null >"$tmp/empty" </dev/null
    grep -q "$(printf '\033')" "$tmp/empty"
}

@test "output: a full disk is noticed" {
    for command in "" "--version" "help" "help station" "run --help" "list" "run $shop" "run $shop --json" "run $shop --csv" \
        "check $shop" "check $shop --json" "compare $shop base busy" "help reference words"; do
        status=0
        # shellcheck disable=SC2086
        "$nines" $command >/dev/full 2>"$tmp/err" || status=$?
        echo "$command: $status $(cat "$tmp/err")"
        [ "$status" -eq 2 ]
        [ "$(wc -l <"$tmp/err")" -eq 1 ]
        grep -q 'could not be written' "$tmp/err"
    done
}

@test "output: a reader that goes away is no crash" {
    for command in "help" "run $shop" "run $shop --json" "run $shop --csv"; do
        # shellcheck disable=SC2086
        { status=0; "$nines" $command 2>"$tmp/err" || status=$?; echo $status >"$tmp/status"; } | true
        echo "$command: $(cat "$tmp/status")"
        [ "$(cat "$tmp/status")" -ne 139 ]
        [ "$(cat "$tmp/status")" -ne 134 ]
    done
}

# ---- installed ---------------------------------------------------------------------------------------------

@test "make install: works from any folder" {
    make -s -o "$nines" install NINES="$nines" PREFIX="$tmp/usr"
    cd /
    nines=$tmp/usr/bin/nines
    succeeds list
    succeeds help
    succeeds run quickstart --replications 1 --duration 2s
    succeeds run recsys --replications 1 --duration 1s --warmup 1s --set rps=100 --quiet
    succeeds run quickstart --replications 1 --duration 2s --out "$tmp/result" --plot --format svg --quiet
    [ -f "$tmp/result/latency.svg" ]
    [ -f "$tmp/usr/share/man/man1/nines.1" ]
}

@test "make install: a program without its files says so" {
    mkdir -p "$tmp/alone"
    cp "$nines" "$tmp/alone/nines"
    nines=$tmp/alone/nines
    fails_with 2 "the Lua files that come with nines are neither beside the program nor in ../share/nines; install it whole" run $shop
    fails_with 2 "the scenarios that come with nines are not there; install it whole" list
    succeeds help station
}

@test "run: options that would be ignored are refused" {
    fails_with 2 "--json and --csv exclude each other; --out DIR writes both" run $shop --json --csv
    fails_with 2 "--format says how pictures are written; it wants --plot" run $shop --format pdf
}

@test "run --set: a price, and a phase that only a longer --duration reaches" {
    cat >"$tmp/price.lua" <<'END'
return scenario { workload = open { rate = 10 }, phases = { late = { "30s", "40s" } },
  entry = balance { replicas { name = "pod", count = 2, price = 1, build = function() return station { service = "1ms" } end } },
  run = { warmup = "0s", duration = "20s", replications = 1 } }
END
    fails_with 2 "$tmp/price.lua:1: scenario: phases: late: it begins at 30 s, after the end of the run (20 s)" run "$tmp/price.lua"
    succeeds run "$tmp/price.lua" --duration 50s --set pod:price=3 --json
    jq -e '.metrics | .["cost.per_hour"].value == 6 and .["offered{phase=late}"].value > 0' "$tmp/out"
}

@test "faults: slow reaches whatever takes time of its own" {
    cat >"$tmp/slow.lua" <<'END'
return scenario { workload = open { arrivals = "deterministic", rate = 10 },
  entry = fallback { cache { hit_ratio = 0, lookup = "1ms", fail { after = "2ms" } }, degraded { after = "4ms" } },
  faults = { slow { "cache", factor = 2 }, slow { "fail", factor = 3 }, slow { "degraded", factor = 5 } },
  run = { warmup = "0s", duration = "20s", replications = 1 } }
END
    succeeds run "$tmp/slow.lua" --json
    jq -e '.metrics["latency.mean"].value | . > 0.02799 and . < 0.02801' "$tmp/out"
}

# ---- memory ----------------------------------------------------------------------------------------

@test "memory that runs out: one sentence and status 2, while building and while simulating" {
    cat >"$tmp/large.lua" <<'EOF'
return scenario { title = "large", workload = open { rate = 1 }, run = { warmup = "0s", duration = "1s", replications = 1 },
  entry = balance { policy = "random", replicas { name = "pod", count = 100000, build = function()
    return station { name = "work", servers = 1, service = "1ms" } end } } }
EOF
    cat >"$tmp/flood.lua" <<'EOF'
return scenario { title = "flood", workload = open { rate = 1e6 }, run = { warmup = "0s", duration = "100s", replications = 1 },
  entry = station { name = "work", servers = 1, service = "1000s" } }
EOF
    advice="use fewer replications at once (--jobs 1) or a smaller model"
    ulimit -v 150000
    fails_with 2 "out of memory while building the model; $advice" run "$tmp/large.lua" --json
    run_nines run "$tmp/flood.lua" --json --out "$tmp/result"
    show
    [ "$status" -eq 2 ]
    [ ! -s "$tmp/out" ]
    [ ! -e "$tmp/result" ]
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
    grep -qF "nines: out of memory while simulating (" "$tmp/err"
}
