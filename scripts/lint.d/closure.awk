# Reads `sha256sum` lines; prints for each file: file<TAB>the sums of it and of all of our own files
# that it includes, directly or not.

{
    sum[$2] = $1
    order[++count] = $2
}

# The file of ours that `name` means in `from`, or "".
function resolve(name, from,    folder, i, places, tries) {
    folder = from
    sub(/[^\/]*$/, "", folder)
    tries = split(folder "|include/|src/|tests/|tools/|bench/", places, "|")
    for (i = 1; i <= tries; ++i)
        if ((places[i] name) in sum) return places[i] name
    return ""
}

function parse(file,    line, name) {
    included[file] = ""
    while ((getline line < file) > 0) {
        if (line !~ /^#include/) continue
        name = line
        sub(/^#include *[<"]/, "", name)
        sub(/[>"].*/, "", name)
        name = resolve(name, file)
        if (name != "") included[file] = included[file] name "|"
    }
    close(file)
}

function visit(file,    names, n, i) {
    if (file in seen) return
    seen[file] = 1
    sums = sums " " sum[file]
    n = split(included[file], names, "|")
    for (i = 1; i < n; ++i) visit(names[i])
}

END {
    for (k = 1; k <= count; ++k) parse(order[k])
    for (k = 1; k <= count; ++k) {
        split("", seen)
        sums = ""
        visit(order[k])
        print order[k] "\t" sums
    }
}
