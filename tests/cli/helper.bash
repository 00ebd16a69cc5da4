# What the tests of the command line have in common. They run from the root of the repository, with ./nines built; NINES names
# another binary.

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    nines=$(realpath "${NINES:-nines}")
    here=$PWD/tests/cli
    tmp=$BATS_TEST_TMPDIR
    unset NO_COLOR
}

# run_nines ARGUMENTS…: leaves $status, and stdout and stderr apart in the files $tmp/out and $tmp/err.
run_nines() {
    status=0
    timeout 30 "$nines" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
}

# fails_with STATUS MESSAGE ARGUMENTS…: exactly this one line on stderr and nothing on stdout.
fails_with() {
    local expected=$1 message=$2
    shift 2
    run_nines "$@"
    show
    [ "$status" -eq "$expected" ]
    [ ! -s "$tmp/out" ]
    [ "$(cat "$tmp/err")" = "nines: $message" ]
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
}

# succeeds ARGUMENTS…: status 0 and not a word on stderr.
succeeds() {
    run_nines "$@"
    show
    [ "$status" -eq 0 ]
    [ ! -s "$tmp/err" ]
}

# What bats prints when the test fails.
show() {
    echo "status $status"
    head -c 2000 "$tmp/out" "$tmp/err"
}

# A result without the one part that may differ between two runs of a seed.
without_run() { jq -S 'del(.run)' "$1"; }
