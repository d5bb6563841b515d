#!/usr/bin/env bash
# Grades a folder of submissions and prints a CSV (see the teachers' page):
#
#     bash tests/class/grade.sh FOLDER > grades.csv
#
# Each step and each exercise is a test from the teacher's own copy, built once.
# It runs alone, and its exit status is the mark. Where bubblewrap works, what
# a student wrote runs in a read-only system without a network.
set -u
shopt -s nullglob
export LC_ALL=C.UTF-8 CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
limit=600 # seconds for a submission

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*" && exit 1; }
remark() { remarks+="${remarks:+; }$1"; }

# What differs after any of these files was changed or replaced.
state() { find "$@" -printf '%p %i %C@\n' | sort | cksum; }
project_state() { state "$project"/{Cargo.toml,Cargo.lock,src,tests}; }

# The test program that cargo has built.
built() { find "$CARGO_TARGET_DIR/debug/deps" -name "$1-*" -perm -u+x; }

# A field of the CSV. A spreadsheet takes one that begins with = for a formula.
field() {
    local text=${1//[[:cntrl:]]/ }
    case $text in [=+@-]*) text="'$text" ;; esac
    printf '"%s"' "${text//\"/\"\"}"
}

# Runs a command for what is left of the submission's time, or for a second.
run() {
    local what=$1 left=$((deadline - SECONDS)) status
    (
        ulimit -f 102400 -c 0 # in KiB
        [ "$what" = build ] || ulimit -v 4194304
        cd "$work/project" || exit
        GRADING=$work exec timeout -k 2 $((left > 1 ? left : 1)) "${@:2}"
    ) < /dev/null > "$work/output" 2>&1 &
    job=$!
    wait "$job"
    status=$?
    end_job
    printf '\n## %s: exit status %s\n' "$what" "$status" >> "$log"
    head -c 200000 "$work/output" | tr -d '\000-\010\013-\037' >> "$log"
    return "$status"
} 2> /dev/null

# Ends what a command has left running: its process group, and what else has
# our variable in its environment.
end_job() {
    local left
    kill -KILL -- "-$job"
    while left=$(grep -lsF "GRADING=$work" /proc/[0-9]*/environ)
        [ -n "$left" ]; do
        grep -o '[0-9]*' <<< "$left" | xargs kill -KILL
    done
} 2> /dev/null

clean_up() {
    trap '' INT TERM HUP
    [ -z "${job-}" ] || end_job
    chmod -R u+rwX "$work" && rm -rf "$work"
}

# Brings the teacher's copy back, and deletes what was built from another.
restore() {
    chmod -R u+rwX "$work"/{in,project,target,tmp}
    rm -rf "$work"/{in,project,target/tmp,tmp}
    mkdir -p "$work"/{in/zip,in/ours,project,target/tmp,tmp}
    cd "$work/project" || exit
    cp -R "$project"/{Cargo.toml,Cargo.lock,src,tests} .
    cargo clean --offline -q -p udp-group-chat
} 2> /dev/null

# Builds the tests. They look for each submission's programs at one place.
prepare() {
    say "building the tests ..."
    rm -rf "$work/tests"
    restore
    cargo test --no-run --locked --test lab --test exercises \
        --test programs > "$work/output" 2>&1 || fail "$(cat "$work/output")"
    mkdir "$work/tests"
    cp "$(built lab)" "$work/tests/lab"
    cp "$(built exercises)" "$work/tests/exercises"
    # Who can't read a program can't change its process either.
    chmod 111 "$work/tests"/*
    tests_state=$(state "$work/tests")
}

# The folder in which `src` or `lab` is.
root_in() {
    find "$1" -mindepth 1 -maxdepth 4 -type d \( -name src -o -name lab \) \
        -printf '%d %h\n' | sort -n | head -n 1 | cut -d ' ' -f 2-
}

# Puts `src` and `lab` of a submission over the teacher's copy.
take() {
    local root zip=$1
    root=$(root_in "$1")
    # Some sites put the zip into a folder.
    [ -f "$zip" ] || zip=$(find "$1" -maxdepth 1 -name '*.zip' -print -quit)
    if [ -z "$root" ] && [ -f "$zip" ]; then
        cp "$zip" "$work/in.zip"
        run unzip unzip -qqoP '' "$work/in.zip" -d "$work/in/zip" \
            -x 'target/*' '*/target/*' || remark "unzip failed"
        root=$(root_in "$work/in/zip")
    fi
    [ -n "$root" ] || return
    cp -R "$root"/{src,lab} "$ours" 2> /dev/null # It may have only one.
    chmod -R u+rwX "$ours"
    # Links, for example, and empty folders.
    find "$ours" -mindepth 1 ! -type f \( ! -type d -o -empty \) -delete
    # A module or a program may have become a folder.
    (cd "$ours" && find . -name mod.rs -printf '%h.rs\0' \
        -o -name main.rs -printf '%h.rs\0') | xargs -0 rm -f
    cp -R "$ours/." "$work/project"
} 2>> "$log"

# Runs one test of the submission.
try() {
    run "${1#*/}" "${box[@]}" "$work/tests/${1%/*}" --exact "${1#*/}" --ignored
}

# Prints the row of one submission.
grade() {
    local name=${1##*/} remarks='' marks='' other='' mark test program command
    local deadline=$((SECONDS + limit)) ours=$work/in/ours
    log=$output/$name.txt
    { : > "$log"; } 2> /dev/null || log=$output/long-name.txt
    restore
    take "$1"
    [[ -d $ours/src || -d $ours/lab ]] || remark "no folder src or lab"
    if [ -d "$ours/src" ]; then
        run build "${box[@]}" "${and_target[@]}" cargo build --offline \
            --locked --keep-going --bins --examples --test programs ||
            remark "not built: $(sed -n \
                's/^error: could not compile[^(]*(\(.*\)) due.*/\1/p' \
                "$work/output" | sort | paste -sd ,)"
    fi
    for program in ask answer relay ping; do
        command=../target/debug/examples/lab-$program
        [ ! -f "$ours/lab/$program.py" ] || command="python3 lab/$program.py"
        export "LAB_${program^^}=$command"
    done
    for test in "${tests[@]}"; do
        mark=0
        if [[ -d $ours/src || (-d $ours/lab && $test == lab/*) ]]; then
            # On a busy machine, a right step may be late, so it runs again.
            try "$test" || { [[ $test == lab/* ]] && try "$test"; } && mark=1
        fi
        marks+=,$mark
    done
    # These link what was submitted, so their number is no mark.
    if [ -d "$ours/src" ]; then
        run "other tests" "${box[@]}" "$(built programs)"
        other=$(sed -n 's/^running \([0-9]*\) tests$/ of \1/p
            s/^test result: .* \([0-9]*\) passed.*/\1/p' "$work/output" |
            tac | tr -d '\n')
    fi
    ((SECONDS < deadline)) || remark "stopped after $limit s"
    [ "$(project_state)" = "$start_state" ] ||
        fail "$project has changed; did $name do that?"
    if [ "$(state "$work/tests")" != "$tests_state" ]; then
        marks=${marks//1/0}
        remark "changed the tests, so nothing counts"
        prepare
    fi
    printf '%s%s,%s,%s\n' "$(field "$name")" "$marks" "$other" \
        "$(field "$remarks")"
}

[ $# = 1 ] || fail "usage: grade.sh FOLDER"
type cargo timeout unzip > /dev/null || fail "this needs cargo, timeout, unzip"
[ -e /proc/self/environ ] || fail "this needs Linux (or WSL, or a container)"
folder=$(cd "$1" && pwd -P) || fail "no folder $1"
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
output=$folder-output
mkdir -p "$output" && work=$(cd "$(mktemp -d)" && pwd -P) || exit
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
# The tests have cargo build examples, which are built already.
export CARGO_TARGET_DIR=$work/target TMPDIR=$work/tmp CARGO=true \
    PYTHONDONTWRITEBYTECODE=1
start_state=$(project_state)
prepare
box=(bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /run
    --tmpfs "$folder" --tmpfs "$output" --ro-bind "$work" "$work"
    --tmpfs "$TMPDIR" --tmpfs "$work/target/tmp" --unshare-all --cap-drop ALL
    --uid 1000 --gid 1000 --new-session --die-with-parent --as-pid-1)
and_target=(--bind "$work/target" "$work/target")
"${box[@]}" true 2> /dev/null || {
    say "no sandbox (bubblewrap): programs can change all that you can change"
    box=() and_target=()
}
say "what the tests print is kept in $output"
mapfile -t tests < <(for test in lab exercises; do
    "$work/tests/$test" --list --ignored | sed -n "s|\(.*\): test|$test/\1|p"
done)
sed -E 's/(step_[0-9]+)_[^,]*/\1/g' <<< "submission,$(
    printf '%s,' "${tests[@]#*/}")other_tests,remark"
for entry in "$folder"/*; do
    say "grading $(field "${entry##*/}") ..."
    grade "$entry"
done
