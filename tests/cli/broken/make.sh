#!/bin/sh
# After a change of messages: writes the expected ones anew, and the list of tests. Read the difference before you keep it.
cd "$(dirname "$0")/../../.." || exit 1
list=tests/cli/broken.bats
{
    echo '#!/usr/bin/env bats'
    echo '# Scenarios that cannot be used: one clear line, status 2, and nothing else happens. Written by broken/make.sh.'
    echo
    echo 'load broken'
    echo
    for f in tests/cli/broken/*.lua; do
        name=$(basename "$f" .lua)
        ./nines run "$f" 2>"tests/cli/broken/$name.expected" >/dev/null
        echo "@test \"broken: $name\" { broken $name; }"
    done
    echo
    echo '@test "broken: every file has its test" { all_listed; }'
} >$list
