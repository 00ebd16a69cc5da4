#!/usr/bin/env bats
# The tutorial does what it says: its files load, its commands end as stated, and print what is quoted below them.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    source tests/scenario/tutorial.bash
    export dir=$BATS_FILE_TMPDIR/tour
    mkdir -p "$dir" "$BATS_FILE_TMPDIR/bin"
    ln -s "$(realpath "${NINES:-nines}")" "$BATS_FILE_TMPDIR/bin/nines"
    PATH=$BATS_FILE_TMPDIR/bin:$PATH
    tutorial_parts "$page" "$dir"
    tutorial_run "$dir"
}

# each SUFFIX FUNCTION: calls it with the path, without suffix, of every command that has such a file.
each() {
    for f in "$dir"/*."$1"; do
        [ "$(cat "${f%."$1"}.got")" = skipped ] || "$2" "${f%."$1"}"
    done
}

@test "there are files and commands in it" {
    [ "$(ls "$dir"/*.sh | wc -l)" -ge 10 ]
    [ "$(ls "$dir"/*.want | wc -l)" -ge 10 ]
    [ -f "$dir/storm.lua" ]
}

@test "every command ends with the status that the page states" {
    ends_as_stated() {
        cat "$1.sh" "$1.err"
        [ "$(cat "$1.got")" = "$(cat "$1.status")" ]
    }
    each sh ends_as_stated
}

@test "every output is the one that is quoted (renew: bash tests/scenario/tutorial.bash)" {
    prints_as_quoted() {
        cat "$1.sh"
        diff "$1.want" "$1.out"
    }
    each want prints_as_quoted
}

@test "every file of the page passes without a complaint" {
    each sh complains_not
}

complains_not() {
    cat "$1.sh" "$1.err"
    ! grep -v '^written: ' "$1.err"
}

@test "every picture that the page shows is there, and small" {
    for f in $(grep -o 'images/[a-z_]*\.png' "$BATS_TEST_DIRNAME/../../docs/tutorial.md"); do
        echo "$f"
        size=$(stat -c %s "$BATS_TEST_DIRNAME/../../docs/$f")
        [ "$size" -lt 60000 ]
    done
}
