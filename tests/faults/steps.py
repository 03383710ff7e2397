"""What histories are made of: plain values, so that one can be printed, cut and played again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.contract.reasons import Reason


class Slip(Enum):
    """What a trap does to the door as it comes by."""

    KILLED = "killed"
    STALLED = "held up"
    FULL = "disk full"
    IO = "input/output error"
    BUG = "out of memory"
    DEAF = "the line is shorted and stays off"


class Shows(Enum):
    """What is on a frame that the eye tells of."""

    FACE = "a face"
    STRANGER = "a stranger"
    BETWEEN = "a face between two people"
    REASON = "no usable face"
    NOTHING = "an embedding without length"
    SHORT = "an embedding of too few numbers"
    LONG = "an embedding of too many numbers"
    GARBAGE = "bytes that are no message"


class Likeness(Enum):
    """How like a template a face is; the thresholds lie between."""

    SAME = 0.0
    ONLY_FOR_ONE = 0.295  # below the threshold for one person, above that for two
    ONLY_FOR_TWO = 0.24
    JUST_NOT = 0.4  # above every threshold of the bundle, below 0.5


class Taken(Enum):
    """What a frame says about when it was exposed."""

    NOW = "now"
    BEFORE = "before the press"
    AGAIN = "the same frame as the last one"
    BACKWARDS = "before the last frame"


class Of(Enum):
    """For which press an answer is."""

    THIS = "this press"
    OLDER = "the press before"
    NEWER = "a press that is none yet"


@dataclass(frozen=True)
class Frame:
    """One packet of the eye's, so many seconds after it was asked, or after the one before."""

    after: float
    shows: Shows
    who: int = 0
    likeness: Likeness = Likeness.SAME
    reason: Reason | None = None
    taken: Taken = Taken.NOW
    of: Of = Of.THIS
    garbage: bytes = b""

    @property
    def honest(self) -> bool:
        """A face that must be let in, if enough other frames say the same."""
        plain = self.taken is Taken.NOW and self.of is Of.THIS
        return plain and self.shows is Shows.FACE and self.likeness is Likeness.SAME


@dataclass(frozen=True)
class Press:
    """The button; what the eye does if it is asked. deaf: it goes on after "enough"."""

    frames: tuple[Frame, ...] = ()
    deaf: bool = False
    dies: bool = False  # after these frames


@dataclass(frozen=True)
class Tap:
    """Another input is pulled to ground and let go."""

    name: str


@dataclass(frozen=True)
class Hold:
    """Another input is pulled to ground, or let go."""

    name: str
    low: bool


@dataclass(frozen=True)
class Speak:
    """The eye says something that nobody asked for."""

    frame: Frame


@dataclass(frozen=True)
class EyeDies:
    """Its end of the socket is closed; nobody listens."""


@dataclass(frozen=True)
class EyeReturns:
    """It listens again. ours: it runs the door's network. greets: it says anything at all."""

    ours: bool = True
    greets: bool = True


@dataclass(frozen=True)
class Trap:
    """At the `skip`-th time that the door comes by `place`, and `times` times from then on.

    place: "wait", "clock", "send"; "loop on", "loop off", "thread off": of the lock's line; or
    "before" or "after" and the first word of a statement of SQLite's.
    """

    place: str
    slip: Slip
    skip: int = 0
    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Calm:
    """Every trap that has not sprung is taken away: the disk has room again."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL now; a new process after `down` seconds. reboot: of the whole machine."""

    down: float
    reboot: bool = False


@dataclass(frozen=True)
class Stop:
    """SIGTERM now; a new process after `down` seconds."""

    down: float


@dataclass(frozen=True)
class ClockJump:
    """The date goes wrong."""

    years: float


@dataclass(frozen=True)
class ClockKnown:
    """A time server has, or has not, confirmed the date."""

    known: bool


@dataclass(frozen=True)
class Command:
    """What the owner says to the door that runs; fields: of the request, each with its value."""

    do: str
    fields: tuple[tuple[str, str | float | None], ...] = ()


@dataclass(frozen=True)
class Limit:
    """When this person may come in: not at all, up to a day, in some hours."""

    who: int
    disabled: bool = False
    until: str = ""
    hours: str = ""


@dataclass(frozen=True)
class Enrol:
    """This person, with so many templates; `junk`: one more that is nobody's."""

    who: int
    templates: int = 1
    junk: bool = False


@dataclass(frozen=True)
class Remove:
    """This person may no longer come in."""

    who: int


@dataclass(frozen=True)
class Reorder:
    """The same people in another order."""


@dataclass(frozen=True)
class DamageGallery:
    """Its newest file is no gallery."""


@dataclass(frozen=True)
class MendGallery:
    """That file is taken away again."""


@dataclass(frozen=True)
class DamageLog:
    """Before the next start the database is overwritten at its beginning."""


@dataclass(frozen=True)
class Silence:
    """Nothing happens."""


Deed = (
    Press
    | Tap
    | Hold
    | Speak
    | EyeDies
    | EyeReturns
    | Trap
    | Calm
    | Kill
    | Stop
    | ClockJump
    | ClockKnown
    | Command
    | Limit
    | Enrol
    | Remove
    | Reorder
    | DamageGallery
    | MendGallery
    | DamageLog
    | Silence
)


@dataclass(frozen=True)
class Step:
    """A deed, so many seconds after the one before."""

    after: float
    deed: Deed


@dataclass(frozen=True)
class Scene:
    """The door as it stands at the beginning. settings: lines of its configuration, by section.

    enrolled: people. failures: of presses so far, `ago` seconds ago; of another start if `foreign`.
    uptime: of the machine, seconds. lag: of gpiozero's threads, seconds.
    """

    settings: tuple[tuple[str, str, str], ...]
    enrolled: tuple[int, ...]
    failures: int
    ago: float
    foreign: bool
    uptime: float
    lag: float
    date_known: bool = False

    def value(self, section: str, key: str) -> str:
        """A setting as TOML writes it; "" if it is left to its default."""
        return next((v for s, k, v in self.settings if (s, k) == (section, key)), "")


@dataclass(frozen=True)
class History:
    """What happens to a door."""

    seed: int
    scene: Scene
    steps: tuple[Step, ...]
