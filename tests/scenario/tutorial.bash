# Takes the tutorial apart and runs it. Sourced by tutorial.bats; from the root of the repository,
#   bash tests/scenario/tutorial.bash
# writes what the program prints now into the page (./nines, or NINES).
#
# In the page, a ```lua block that begins with "-- file: NAME.lua" is that file, lines of ```sh blocks that begin with "nines "
# are commands, "# exit status N" after one says how it ends (default 0), and a ```text block after a command is its output.

page=docs/tutorial.md

# tutorial_parts PAGE DIR: files into DIR, and for the n-th command DIR/n.sh, DIR/n.status, DIR/n.want (with an output only).
tutorial_parts() {
    awk -v dir="$2" '
        /^```/ && kind == "" { kind = substr($0, 4); first = 1; if (kind == "text") printf "" >(dir "/" n ".want"); next }
        /^```$/ { kind = ""; file = ""; next }
        kind == "lua" && first { first = 0; if ($1 == "--" && $2 == "file:") file = dir "/" $3 }
        kind == "lua" && file != "" { print >file }
        kind == "sh" && /^nines / {
            n++
            status = match($0, /# exit status [0-9]+/) ? substr($0, RSTART + 14) + 0 : 0
            print >(dir "/" n ".sh"); print status >(dir "/" n ".status")
        }
        kind == "text" { print >(dir "/" n ".want") }
    ' "$1"
}

# tutorial_run DIR: runs the commands in their order, into DIR/n.out, DIR/n.err and DIR/n.got (the status).
tutorial_run() {
    local i=1 got
    while [ -f "$1/$i.sh" ]; do
        got=skipped
        if command -v gnuplot >/dev/null || ! grep -qE 'plot' "$1/$i.sh"; then
            got=0
            (cd "$1" && NO_COLOR=1 timeout 300 bash -o pipefail "$i.sh" >"$i.out" 2>"$i.err") || got=$?
        fi
        echo "$got" >"$1/$i.got"
        i=$((i + 1))
    done
}

# tutorial_fill PAGE DIR: the page with the outputs that were got.
tutorial_fill() {
    awk -v dir="$2" '
        /^```/ && kind == "" {
            kind = substr($0, 4); print
            if (kind == "text") while ((getline line <(dir "/" n ".out")) > 0) print line
            next
        }
        /^```$/ { kind = "" }
        kind == "sh" && /^nines / { n++ }
        kind != "text" { print }
    ' "$1"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -e
    dir=$(mktemp -d)
    mkdir "$dir/bin" && ln -s "$(realpath "${NINES:-nines}")" "$dir/bin/nines"
    PATH=$dir/bin:$PATH
    tutorial_parts $page "$dir"
    tutorial_run "$dir"
    for f in "$dir"/*.sh; do
        n=${f%.sh}
        [ "$(cat "$n.got")" = "$(cat "$n.status")" ] || { cat "$f" "$n.err"; echo "exit status $(cat "$n.got")"; exit 1; }
    done
    tutorial_fill $page "$dir" >"$dir/page"
    cp "$dir/page" $page
    rm -r "$dir"
fi
