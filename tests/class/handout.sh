#!/usr/bin/env bash
# Makes the students' copy of the project in a new folder:
#
#     bash tests/class/handout.sh TARGET
#
# It leaves out the teachers' pages, which have the answers, the recordings,
# the benchmark, the comparison of pages and sources, and the teachers' scripts.
# It has no `.git`, because the history has the answers, too.
set -euo pipefail

fail() { printf '%s\n' "error: $*" >&2 && exit 1; }

# Copies a file again, with some changes.
edit() { sed -E "$2" "$from/$1" > "$1"; }

[ $# = 1 ] || fail "usage: handout.sh TARGET"
[ ! -e "$1" ] || fail "$1 exists already"
from=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$1" && cd "$1"

cp -R "$from"/{.ci,.git{attributes,hub,ignore},.rustfmt.toml,Cargo.*} \
    "$from"/{LICENSE,README.md,src,tests} .
rm -r src/guide/{,zh/}teachers.md tests/{bench,golden,pages} \
    tests/programs/golden.rs tests/class/{grade.sh,handout.sh,kit.rs}

# A test or a benchmark is a paragraph with a comment above it.
edit Cargo.toml '/^# The teachers/,/^$/d; /^# .cargo bench/,/^$/d'
edit .ci/run '/^cargo bench/d; /^# The pages show/d; /--test pages/d'
edit tests/programs/main.rs '/^mod golden;/d'
# Elsewhere, a link to a teachers' page becomes its text.
edit src/guide.rs '/^ *(zh_)?teachers:/d; s/\[([^]]*)\]\((zh_)?teachers\)/\1/'
for page in README.md src/guide/{,zh/}*.md; do
    edit "$page" '/^\[.*\]: .*teachers/d
        s/\[([^]]*)\]([[(])[^])]*teachers\.md[^])]*[])]/\1/g'
done

# Nothing else may mention what isn't there.
mention='teachers\.md|cargo bench|tests/(bench|golden|pages)|--test (pages|kit)'
if grep -rnE "$mention|class/kit|(handout|grade)\.sh" . >&2; then
    fail "the lines above mention what isn't in the students' copy, $1"
fi
printf '%s\n' "The students' copy is in $1"
