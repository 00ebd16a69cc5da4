# For broken.bats, whose tests are one line each.
load helper

# The message to the letter, from one thread and from two; no folder, whole or partial, is left behind.
broken() {
    local message
    message=$(cat "$here/broken/$1.expected")
    fails_with 2 "${message#nines: }" run "tests/cli/broken/$1.lua" --out "$tmp/result"
    case $1 in
        endless_* | *_endless | memory_*) ;; # take a second each; threads make no difference to what is found before them
        *) fails_with 2 "${message#nines: }" run "tests/cli/broken/$1.lua" --jobs 2 ;;
    esac
    [ "$(ls -A "$tmp")" = "$(printf 'err\nout')" ]
}

all_listed() {
    local f name
    for f in "$here"/broken/*.lua; do
        name=$(basename "$f" .lua)
        echo "$name"
        [ -s "$here/broken/$name.expected" ]
        grep -q "{ broken $name; }" "$here/broken.bats"
    done
    [ "$(grep -c '{ broken ' "$here/broken.bats")" -eq "$(ls "$here"/broken/*.expected | wc -l)" ]
}
