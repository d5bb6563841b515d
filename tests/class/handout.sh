#!/usr/bin/env bash
# Makes the students' copy of the project in a new folder:
#
#     bash tests/class/handout.sh TARGET
#
# It leaves out the teachers' pages, which have the answers, the recordings,
# the benchmark, the comparison of pages and sources, this script and grade.sh.
set -euo pipefail
left_out='(^|/)(teachers\.md|golden(\.rs|/.*)|(handout|grade)\.sh|kit\.rs)$'
left_out+='|^tests/(bench|pages)/'
mention='teachers(\.md|[:)])|golden|cargo bench|tests/(bench|pages)'
mention+='|--test (pages|kit)|class/kit|(handout|grade)\.sh'

fail() { printf '%s\n' "error: $*" >&2 && exit 1; }

[ $# = 1 ] || fail "usage: handout.sh TARGET"
[ ! -e "$1" ] || fail "$1 exists already"
from=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$1" && target=$(cd "$1" && pwd -P) && cd "$from"

{
    git -c core.quotePath=off ls-files 2> /dev/null | grep . ||
        find .ci .gi* .rustfmt.toml Cargo.* LICENSE README.md src tests -type f
} | grep -vE "$left_out" | while IFS= read -r file; do
    mkdir -p "$target/$(dirname "$file")"
    cp "$file" "$target/$file"
done

# What Cargo.toml says about a test or a benchmark is a paragraph.
cd "$target"
awk -v RS= "!/${mention//\//\\/}/ { printf \"%s%s\", sep, \$0; sep = \"\n\n\" }
    END { print \"\" }" "$from/Cargo.toml" > Cargo.toml
# Elsewhere, deletes a line if it is an item of a list with no other link, a
# link's definition, a module or a command, and a comment just above it.
for file in .ci/run $(find . -name '*.rs' -o -name '*.md'); do
    awk -v mention="$mention" '
        $0 ~ mention && !/\]\(.*\]\(/ &&
            /^(\/\/! )?([-*]|[0-9]+\.) |^\[.*\]: |^mod |^cargo |^ *[a-z_]*: "/ {
            above = ""; next }
        { printf "%s", above; above = "" }
        /^ *(#|\/\/) / { above = $0 "\n"; next }
        { print }
        END { printf "%s", above }' "$from/$file" > "$file"
done

# Nothing may be left of them, and every link to a file must still work.
if grep -rnE "$mention" .; then
    fail "the lines above mention what isn't in the students' copy, $target"
fi
grep -rnoE '(\]\(|^\[.*\]: )[^]() :#]+\.(md|svg|pcap|rs)\b' --include='*.md' . |
    grep -v '/links.md:' | while IFS=: read -r file line link; do
        link=$(dirname "$file")/${link##*[( ]}
        [ -e "$link" ] || fail "$target/$file:$line: there is no $link"
    done
printf '%s\n' "The students' copy is in $target"
