# Reads path:line:code; prints the includes that go against the direction of the rooms.

function read_rooms(    line, names, n, i, room) {
    while ((getline line < rooms) > 0) {
        if (line ~ /^#/ || line == "") continue
        n = split(line, names, /[: ]+/)
        room = names[1]
        is_room[room] = 1
        may[room, room] = 1
        for (i = 2; i <= n; ++i)
            if (names[i] != "") {
                may[room, names[i]] = 1
                list[room] = list[room] " " names[i]
            }
    }
}

function report(what) { print path ":" number ": rooms: " what }

BEGIN { read_rooms() }

/^[^:]+:[0-9]+:#include/ {
    split($0, part, ":")
    path = part[1]
    number = part[2]
    name = $0
    sub(/^[^<"]*[<"]/, "", name)
    sub(/[>"].*/, "", name)
    ours = name
    is_twill = sub(/^twill\//, "", ours)
    target = ours
    sub(/\/.*/, "", target)
    in_room = (ours ~ /\//) && (target in is_room)

    if (path ~ /^(tools|examples)\//) {
        if (is_twill && name ~ /\/detail\//)
            report(name " is internal; include the public header instead")
        else if (!is_twill && in_room || name ~ /(^|\/)\.\.\/.*(src|include)\//)
            report(name " is not installed; include public headers only: <twill/...>")
        next
    }

    room = path
    sub(/^(include\/twill|src)\//, "", room)
    if (room !~ /\//) next  # a header of the whole library
    sub(/\/.*/, "", room)
    if (!(room in is_room)) {
        report("the room " room "/ is not in scripts/lint.d/rooms; name it there, with what it may use")
        next
    }
    if (is_twill && !in_room)
        report(room "/ includes the header of the whole library; include what it needs")
    else if (in_room && !((room, target) in may))
        report(room "/ may not use " target "/, only:" (list[room] == "" ? " itself" : list[room]))
}
