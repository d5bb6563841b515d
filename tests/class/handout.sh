#!/usr/bin/env bash
# Makes the students' copy of the project in a new folder:
#
#     bash tests/class/handout.sh TARGET
#
# It leaves out the teachers' pages, which have the answers, the recordings,
# the benchmark, the comparison of pages and sources, this script and grade.sh.
set -euo pipefail
left_out='(^|/)teachers\.md$|^tests/(bench|golden|pages)/|/golden\.rs$'
left_out+='|^tests/class/(.*\.sh|kit\.rs)$'

fail() { printf '%s\n' "error: $*" >&2 && exit 1; }

[ $# = 1 ] || fail "usage: handout.sh TARGET"
[ ! -e "$1" ] || fail "$1 exists already"
from=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$1" && target=$(cd "$1" && pwd -P) && cd "$from"

# Without git (in a downloaded ZIP, for example), all files are the project's.
{
    git ls-files 2> /dev/null | grep . ||
        find .ci .gi* .rustfmt.toml Cargo.* LICENSE README.md src tests -type f
} | grep -vE "$left_out" | while IFS= read -r file; do
    mkdir -p "$target/$(dirname "$file")"
    cp "$file" "$target/$file"
done

# Deletes what other files say about the missing ones.
edit() { sed -E "$1" "$from/$2" > "$target/$2"; }
edit '/^# (`cargo bench`|The teacher)/,/^$/d' Cargo.toml
edit '/^cargo bench/d; /^# The pages/,$d' .ci/run
edit '/^mod golden;/d' tests/programs/main.rs
edit '/teachers/d' src/guide.rs
edit '/teachers\.md/d' src/guide/links.md
for page in README.md src/guide/{,zh/}{lesson,lab,reference}.md; do
    # A link's definition goes, and the text of the link stays.
    edit '/^\[[^]]*teachers\.md[^]]*\]: /d
        s/\[([^]]*)\][[(][^])]*teachers\.md[^])]*[])]/\1/g' "$page"
done

# Nothing may be left of them.
if grep -rnE '(teachers|kit)\.(md|rs)|cargo bench|--test (pages|kit)' \
    "$target"; then
    fail "the lines above mention what isn't in $target"
fi
printf '%s\n' "The students' copy is in $target"
