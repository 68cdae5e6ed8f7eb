"""Tasks of a twill program in gdb: of a running one, or of a core file.

    gdb -x twill.py PROGRAM [CORE]
    (gdb) twill tasks

prints the tree of tasks of each runtime: where each was spawned, what it waits in, and in which
coroutines, the innermost first. It runs nothing in the program and needs no debug information: the
library says in `twill_debug_layout` where things lie (src/runtime/debug_layout.cpp), and names come
from the symbols.
"""

import re
import struct
import types

import gdb

MAGIC = 0x74776C6C64656267
VERSION = 2
FIELDS = (
    "magic version runs run_root run_next slot slot_flags next first_child place joint binding "
    "group_bound binding_key name_key name_text suspension_waiter frame_promise "
    "promise_continuation place_file place_line"
).split()
DEEPEST = 100_000


def read(address, format):
    size = struct.calcsize(format)
    data = gdb.selected_inferior().read_memory(address, size)
    return struct.unpack(format, bytes(data))[0]


def word(address):
    return read(address, "<Q")


def text(address, limit=4096):
    out = b""
    while len(out) < limit:
        byte = bytes(gdb.selected_inferior().read_memory(address + len(out), 1))
        if byte == b"\0":
            break
        out += byte
    return out.decode(errors="replace")


def symbol(address):
    """What gdb calls the address, or None."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return None if said.startswith("No symbol") else re.split(r" in section | \+ ", said)[0].strip()


def leading_names(mangled):
    """Of a name that gdb cannot read, being older than the compiler: "_ZN1a2bcIT..." is "a::bc"."""
    rest = mangled[3 if mangled.startswith("_ZN") else 2 :].removeprefix("K")
    names = []
    while found := re.match(r"\d+", rest):
        length = int(found[0])
        names.append(rest[found.end() : found.end() + length])
        rest = rest[found.end() + length :]
    return "::".join(names) or mangled


def brief(name):
    """Without parameters, template arguments and the marks of coroutines."""
    if name.startswith("_Z"):
        name = leading_names(name)
    name = re.sub(r" ?\[clone [^]]*\]|\[abi:\w+\]|\(\.\w+\)|\.(resume|actor|destroy)\b.*$", "", name)
    name = name.replace("(anonymous namespace)::", "").replace("::operator()", "")
    name = re.sub(r"\{lambda.*?#\d+\}", "lambda", name)
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)( const)?(?=::)", "", name)) != name:
        name = shorter
    name = name.split("(")[0].split(" ")[-1]
    return re.sub(r"twill::v\d+_\d+::", "twill::", name)


class Layout:
    def __init__(self):
        try:
            at = int(gdb.parse_and_eval("(long)&twill_debug_layout"))
        except gdb.error:
            raise gdb.GdbError("twill tasks: no twill here: the program was not started, or has no symbols")
        if (word(at), word(at + 8)) != (MAGIC, VERSION):
            raise gdb.GdbError(
                "twill tasks: this script is of another version than the library; "
                "take the one that was installed with it"
            )
        self.at = types.SimpleNamespace(
            **{field: word(at + 8 * i) for i, field in enumerate(FIELDS)}
        )

    def roots(self):
        run = word(self.at.runs)
        while run:
            yield word(run + self.at.run_root)
            run = word(run + self.at.run_next)

    def children(self, context):
        child = word(context + self.at.first_child)
        while child:
            yield child
            child = word(child + self.at.next)

    def place(self, context):
        place = word(context + self.at.place)
        file = text(word(place + self.at.place_file))
        return f"{file.rsplit('/', 1)[-1]}:{read(place + self.at.place_line, '<I')}"

    def name(self, context):
        if not read(context + self.at.binding, "<B"):
            return ""
        bound = word(context + self.at.group_bound)
        if word(bound + self.at.binding_key) != self.at.name_key:
            return ""
        return f' "{text(word(bound + self.at.name_text))}"'

    def coroutines(self, suspension):
        frame = word(suspension + self.at.suspension_waiter)
        names = []
        while frame:
            code = word(frame)
            name = symbol(code)
            name = brief(name) if name else f"{code:#x}"
            if not name.startswith("twill::detail::"):
                names.append(name)
            frame = word(frame + self.at.frame_promise + self.at.promise_continuation)
        return " < ".join(names)

    def state(self, context):
        if read(context + self.at.joint, "<B"):
            return "is a scope"
        suspension = word(context + self.at.slot) & ~self.at.slot_flags
        if suspension == 0:
            return "is ready or running"
        kind = symbol(word(suspension)) or "something"
        kind = brief(kind.removeprefix("vtable for ")).rsplit("::", 1)[-1]
        inside = self.coroutines(suspension)
        return f"waits in {kind}" + (f", in {inside}" if inside else "")


class Twill(gdb.Command):
    """Commands for programs that use twill."""

    def __init__(self):
        super().__init__("twill", gdb.COMMAND_DATA, prefix=True)


class Tasks(gdb.Command):
    """The tree of the tasks that run."""

    def __init__(self):
        super().__init__("twill tasks", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        layout = Layout()
        runs = 0
        for root in layout.roots():
            runs += 1
            print(f"run {runs}:")
            # No recursion: a tree may be deep.
            left = [(root, 0)]
            while left:
                context, depth = left.pop()
                print(
                    "  " * (depth + 1)
                    + f"{layout.place(context)}{layout.name(context)} {layout.state(context)}"
                )
                below = list(layout.children(context)) if depth < DEEPEST else []
                left += [(child, depth + 1) for child in reversed(below)]
        if runs == 0:
            print("no runtime runs tasks")


Twill()
Tasks()
