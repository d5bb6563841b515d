#!/usr/bin/env bash
# Grades a folder of submissions and prints a CSV; the section "Grading" of
# the teachers' page explains it:
#
#     bash tests/class/grade.sh FOLDER [OUTPUT] > grades.csv
#
# Each step and each exercise runs alone, and its exit status is its mark. The
# tests are built once, from the teacher's own copy. Where bubblewrap works,
# submissions are built and run in a read-only system without a network, and
# what a student wrote sees no process but its own.
set -u
export LC_ALL=C CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
unset CARGO_BUILD_TARGET
test_limit=120 build_limit=300 submission_limit=900 # in seconds
job='' jail='' box=() write=() number=0 tmp=/tmp

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*" && exit 1; }
remark() { remarks+="${remarks:+; }$1"; }
contents() { (cd "$1" && find . -type f -exec cksum {} + | sort | cksum); }

# Runs a command for some seconds at most. Its output goes to $work/output.
run() {
    (
        ulimit -f 102400 -v 4194304 -c 0 # in KiB
        cd "$work/project" && exec setsid -w timeout -k 2 "$@"
    ) < /dev/null > "$work/output" 2>&1 &
    job=$!
    wait "$job" 2> /dev/null
    status=$?
    end_all
    printf '\n## %s: exit status %s\n' "$what" "$status" >> "$log"
    head -c 200000 "$work/output" | tr -d '\000-\010\013-\037' >> "$log"
    [ "$status" != 124 ] || remark "$what took over $1 s"
    return "$status"
}

# Ends what a command has left running: its process group and, without a
# sandbox, what has our variable or runs one of the submission's programs.
end_all() {
    [ -n "$job" ] && kill -KILL -- "-$job" 2> /dev/null
    job=
    while [ ${#box[@]} = 0 ]; do
        mapfile -t left < <(grep -lsF "GRADING=$work" /proc/[0-9]*/environ
            grep -lsF "$work/target/" /proc/[0-9]*/maps)
        [ ${#left[@]} = 0 ] && break
        kill -KILL "${left[@]//[^0-9]/}"
    done 2> /dev/null
}

clean_up() {
    trap '' INT TERM HUP
    end_all
    chmod -R u+rwX "$work" && rm -rf "$work"
}

# A field of the CSV. A spreadsheet takes one that begins with = for a formula.
field() {
    local text=${1//[[:cntrl:]]/ }
    case $text in [=+@-]*) text="'$text" ;; esac
    printf '"%s"' "${text//\"/\"\"}"
}

# Brings back the teacher's copy, and deletes what was built from another.
restore() {
    chmod -R u+rwX "$work"
    rm -rf "$work"/{in,project,tmp}
    mkdir -p "$work"/{in/ours,tmp,real,target/tmp}
    cp -RP "$work/base" "$work/project" && cd "$work/project" &&
        cargo clean --offline -q -p udp-group-chat
}

# Copies the teacher's project and builds its tests, which look for the
# programs of each submission at the same places.
prepare() {
    say "building the tests ..."
    rm -rf "$work"/{base,tests,target} && mkdir "$work"/{base,tests}
    (cd "$project" && cp -RP Cargo.toml Cargo.lock src tests "$work/base")
    restore 2> /dev/null
    cargo test --no-run --locked --test lab --test exercises \
        --test programs > "$work/log" 2>&1 || fail "$(cat "$work/log")"
    cp "$CARGO_TARGET_DIR"/debug/deps/{lab,exercises,programs}-*[!d] \
        "$work/tests"
    for file in "$work/tests"/*; do mv "$file" "${file%-*}"; done
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nexec %s "%s/real/${0##*/}" "$@"\n' "$jail" "$work" \
        > "$work/tests/jail" && chmod +x "$work/tests/jail"
    sum=$(contents "$work/base") && tests_sum=$(contents "$work/tests")
}

names() { "$work/tests/$1" --list "${@:2}" | sed -n 's/: test$//p'; }

unpack() {
    cp "$1" "$work/in.zip"
    what=unzip
    if [[ $(unzip -Zt "$work/in.zip") =~ \ ([0-9]{1,9})\ bytes\ uncompr ]]; then
        run 60 "${write[@]}" unzip -qqoP '' "$work/in.zip" -d "$work/in/zip" \
            -x '*/target/*' '*/.git/*' '__MACOSX/*' || remark "unzip failed"
    else
        remark "not a zip, or over 1 GB"
    fi
}

# The folder in which `src` or `lab` is.
root_in() {
    find "$1/" -mindepth 1 -maxdepth 4 -type d \( -name src -o -name lab \) \
        -printf '%d %h\0' 2> /dev/null | sort -zn | head -zn 1 |
        cut -zd ' ' -f 2- | tr -d '\0'
}

# Puts what was submitted over the teacher's copy. (Some sites put the zip into
# a folder.)
take() {
    local root part zip zips=("$1"/*.zip)
    root=$(root_in "$1") zip=$1
    [ -z "$root" ] && [ -d "$1" ] && [ ${#zips[@]} = 1 ] &&
        [ ! -L "${zips[0]}" ] && zip=${zips[0]}
    [ -f "$zip" ] && unpack "$zip" && root=$(root_in "$work/in/zip")
    cd "$work/in/ours" || exit
    for part in src lab; do
        [ -n "$root" ] && [ -d "$root/$part" ] && [ ! -L "$root/$part" ] &&
            taken+=" $part" && cp -RP "$root/$part" . 2>> "$log"
    done
    chmod -R u+rwX .
    [ -z "$(find . ! -type f ! -type d -print -delete)" ] ||
        remark "links left out"
    # A module or a program may have become a folder.
    find . \( -name mod.rs -o -name main.rs \) -printf '%h.rs\0' |
        (cd "$work/project" && xargs -0 rm -f)
    cp -R . "$work/project"
}

# Builds something of the submission, and adds to `broken` what fails.
build() {
    what=build
    run "$build_limit" "${write[@]}" cargo "$@" --offline --locked ||
        broken+=$(sed -n 's/^error: could not compile[^(]*(\(.*\)) due.*/, \1/p' \
            "$work/output" | sort | tr -d '\n')
    return "$status"
}

# Runs the test SUITE/NAME and adds its mark, 1 or 0.
mark() {
    local program=$work/tests/${1%/*} mark=0 before left
    left=$((deadline - SECONDS)) what=${1#*/} before=$(stat -c '%i %s %z' "$program")
    if ((left < 1)); then
        [[ $remarks == *"no time"* ]] || remark "no time left for $what"
    elif run $((left < test_limit ? left : test_limit)) "${cage[@]}" \
        "${clean[@]}" "$program" "$what" --exact --ignored; then
        grep -q '^test result: ok. 1 passed; 0 ' "$work/output" && mark=1
    fi
    if [ "$before" != "$(stat -c '%i %s %z' "$program" 2>&1)" ]; then
        mark=0
        remark "$what replaced the tests"
    fi
    marks+=,$mark
}

grade() {
    local name=${1##*/} remarks='' marks='' other='' broken='' before=$sum
    local deadline=$((SECONDS + submission_limit)) cage clean file test taken=
    log=$output/$name.txt
    { : > "$log"; } 2> /dev/null || { log=$output/$number.txt && : > "$log"; }
    restore 2>> "$log"
    take "$1"
    case $taken in
        *src*) build build --keep-going --bins --examples ;;
        '') remark "no folder src or lab" ;;
    esac
    clean=(env -i PATH="$PATH" HOME="$HOME" LANG=C.UTF-8 CARGO=true
        TMPDIR="$tmp" PYTHONDONTWRITEBYTECODE=1 GRADING="$work")
    for test in ask answer relay ping; do
        file=../target/debug/examples/lab-$test
        [ -f "$work/project/lab/$test.py" ] && file="python3 lab/$test.py"
        clean+=("LAB_${test^^}=$jail $file")
    done
    cage=("${box[@]}")
    [ -z "$jail" ] || cage+=(--ro-bind "$CARGO_TARGET_DIR/debug" "$work/real")
    for file in "$CARGO_TARGET_DIR"/debug/*; do
        [ -n "$jail" ] && [ -f "$file" ] && [ -x "$file" ] &&
            cage+=(--ro-bind "$work/tests/jail" "$file")
    done
    for test in "${all_tests[@]}"; do
        case $taken:$test in
            *src*:* | *lab*:lab/*) mark "$test" ;;
            *) marks+=,0 ;;
        esac
    done
    if [[ $taken == *src* ]]; then # information: these link the submission
        other="0 of $total"
        if build test --no-run --test programs; then
            what="other tests"
            run "$build_limit" "${box[@]}" "${clean[@]}" \
                "$CARGO_TARGET_DIR"/debug/deps/programs-*[!d]
            other=$(sed -n 's/^test result: .* \([0-9]*\) passed.*/\1/p' \
                "$work/output" | tail -n 1)
            other="${other:-0} of $total"
        fi
    fi
    [ -z "$broken" ] || remark "not built: ${broken#, }"
    if [ "$sum$tests_sum" != "$(contents "$work/base")$(contents \
        "$work/tests")" ]; then
        marks=${marks//1/0}
        remark "changed the tests, so nothing counts"
        prepare
        [ "$sum" = "$before" ] || fail "$name has changed $project"
    fi
    printf '%s%s,%s,%s\n' "$(field "$name")" "$marks" "$other" \
        "$(field "$remarks")"
}

main() {
    local folder tool entry entries=() all_tests header
    [ $# = 1 ] || [ $# = 2 ] || fail "usage: grade.sh FOLDER [OUTPUT]"
    [[ $OSTYPE == linux* ]] || fail "this needs Linux (or WSL, or a container)"
    for tool in cargo setsid timeout unzip; do
        command -v $tool > /dev/null || fail "this needs $tool"
    done
    folder=$(cd "$1" && pwd -P) || fail "no folder $1"
    project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
    for entry in "$folder"/*; do
        case ${entry##*/} in grades*.csv | grades-2* | '*') ;; *) entries+=("$entry") ;; esac
    done
    output=${2:-grades-$(date +%F-%H%M%S)}
    output=$(mkdir -p "$output" && cd "$output" && pwd -P) || exit
    work=$(cd "$(mktemp -d)" && pwd -P) || exit
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    export CARGO_TARGET_DIR=$work/target
    mkdir -p "$work"/{in,tmp,project,target/tmp}
    jail='bwrap --ro-bind / / --dev /dev --tmpfs /proc --unshare-user'
    jail+=' --unshare-pid --cap-drop ALL --die-with-parent --bind /tmp /tmp'
    # shellcheck disable=SC2206
    box=($jail --unshare-net --unshare-ipc --uid 1000 --gid 1000 --new-session
        --proc /proc --tmpfs /tmp --tmpfs /run --tmpfs "$folder"
        --ro-bind "$work" "$work" --tmpfs "$CARGO_TARGET_DIR/tmp" --chdir "$work/project")
    write=("${box[@]}" --bind "$CARGO_TARGET_DIR" "$CARGO_TARGET_DIR"
        --bind "$work/in" "$work/in")
    # shellcheck disable=SC2086
    if ! "${write[@]}" cargo --version > /dev/null 2>&1 ||
        ! "${box[@]}" $jail true 2> /dev/null; then
        say "no sandbox: install bubblewrap, or grade in a container, because \
students' programs run with your rights"
        jail='' box=() write=() tmp=$work/tmp
    fi
    prepare
    say "what the tests print is kept in $output"
    total=$(("$(names programs | wc -l)" - "$(names programs --ignored | wc -l)"))
    mapfile -t all_tests < <(names lab --ignored | sed 's|^|lab/|'
        names exercises --ignored | sed 's|^|exercises/|')
    header=$(printf '%s,' "${all_tests[@]#*/}")
    sed -E 's/(step_[0-9]+)_[^,]*/\1/g' <<< "submission,${header}other_tests,remark"
    for entry in "${entries[@]}"; do
        number=$((number + 1))
        say "$number of ${#entries[@]}: ${entry##*/}"
        grade "$entry"
    done
}

main "$@"
