# Prints the relative links and the anchors of the pages given that lead nowhere.

function exists(file,    line, result) {
    result = (getline line < file) >= 0
    close(file)
    return result
}

# GitHub's anchor of a heading.
function anchor(heading) {
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}

function has_anchor(file, wanted,    line, inside, found) {
    while ((getline line < file) > 0) {
        if (line ~ /^```/) inside = !inside
        if (inside || line !~ /^#+ /) continue
        sub(/^#+ /, "", line)
        if (anchor(line) == wanted) found = 1
    }
    close(file)
    return found
}

FNR == 1 { fenced = 0 }
/^```/ { fenced = !fenced }
fenced { next }
{
    text = $0
    gsub(/`[^`]*`/, "", text)
    while (match(text, /\]\([^)]+\)/)) {
        link = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, RSTART + RLENGTH)
        sub(/ ".*/, "", link)
        if (link ~ /^[a-z]+:/) continue
        place = ""
        if ((hash = index(link, "#")) > 0) {
            place = substr(link, hash + 1)
            link = substr(link, 1, hash - 1)
        }
        folder = FILENAME
        sub(/[^\/]*$/, "", folder)
        file = link == "" ? FILENAME : folder link
        if (!exists(file))
            print FILENAME ":" FNR ": links: " link " is not there; correct the link or add the file"
        else if (place != "" && file ~ /\.md$/ && !has_anchor(file, place))
            print FILENAME ":" FNR ": links: " file " has no heading #" place "; correct the link"
    }
}
