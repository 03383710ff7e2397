"""What the journal is told, word by word: an id that never changes, and what `journalctl -x` says.

`python -m edge.messages` writes the catalogue of these words, deploy/files/onelook.catalog.
"""

from __future__ import annotations

import sys

from edge.contract.reasons import Happening, Reason

# Made once by chance; filters and alarms of owners hang on them.
IDS = {
    "granted": "28dda9e9b163dab0e0911d0d9aed37f9",
    "lockout": "8e9a1fda5a97354ae6f5a2fdb077c3c4",
    "closed": "48ea914705ee792d28119dc493865898",
    "busy": "a60c6a09ce667257389d4ffa11be449c",
    "not_armed": "dac40ff204cb4a8c6d111bfbc41d915a",
    "empty_gallery": "a38121ac8147860a44cd91bc6d218057",
    "no_face": "8b2a2c1c0ab88fb3396d51aba6fc9499",
    "two_faces": "2da4929a8c7c296040ba93c98278e1a4",
    "too_small": "b15bbbf5f6481a778e9bcb5e8395f68e",
    "cut_off": "19aca6c311fbf61f1a413cef2138cd20",
    "too_dark": "036315963a8287c8a95b2f90ca0bebe4",
    "too_bright": "9f542519f7a2f1c36d2afc2000a2e3ae",
    "blurred": "8880a5706f883d60aaa68f8bb9961538",
    "off_angle": "d391de1c98b709d289f3bce3e2cc4e5a",
    "covered": "4045c67a7caff8b54d3c2bbb503a5fb3",
    "not_recognised": "0268176bb127c28d3e6aae138e20de57",
    "ambiguous": "80bb09e9400b773245cb5d8263ba85e7",
    "inconsistent": "c5110477fa8250ff221e925db75765c1",
    "outside_hours": "dc9047a50bd67584a84647dbbc9075d7",
    "disabled": "0390c08473c5857fc5d8b44e42f4dfd9",
    "expired": "621f88d893838dd3560b3a82c9c5cce1",
    "clock_unknown": "54bb291a4ff679c31360ebac9ab81dbb",
    "timeout": "6280766d2cc999b874be76873dba5f4b",
    "camera_error": "5c02f47a2f80bf221cf1eaba27ebb68a",
    "engine_error": "078222059a7aec5ea6705a97c77070b8",
    "storage_error": "d6c87f29c14cbab42217359e1f516f7a",
    "pulse_failed": "748d5b85cd4e94bdb14de9ac5fc1b35b",
    "rex": "f8754059bf1db532ad3fb3f58f0b4207",
    "door_opened": "1628a4c87bb165c25f6d75de6074e463",
    "door_closed": "75f3f2b01e2e328f9899fa190a288727",
    "door_forced": "94eba3092096b9dce8f0447b13eb6d07",
    "door_held": "280a55de80d26baf16e7da5e59daede6",
    "tamper": "33ac271279e525da44749c395478404c",
    "wire_fault": "b8ff8fa1f8ea4446827e0d46a3ad53cf",
    "manual_unlock": "2bf98a1d463300aaedfff82caa02d2b2",
    "manual_lock": "27ae41186542b4f2d68af1178bb991a4",
    "mode_changed": "1c9179c5bc26cdc7c7eab66f139875c9",
    "reloaded": "057a4b1daa9646e48df437134f52b39c",
    "sitting": "4b037e28768a454da76c41d73b2681a9",
    "button_stuck": "b164b4a55154e42ab21a95f6c4f885e8",
    "door_started": "054db0d702263e739b6fc84d1bfdfe4a",
    "eye_started": "9499f3690a7324187d2391481dd79eab",
    "fault": "b5accb1118b560da402cd797e6f9d783",
    "eye_lost": "ebe7f28567df1b00a33ac71530b7e9a8",
    "eye_model": "35266f6353f2e6555848361131303e68",
    "eye_stranger": "402cccd19c26bd066181d84528cc5f79",
    "eye_fault": "a150d8aff93807ac3a76c6d7d8fcbc37",
    "eye_packet": "7967b11df4b54323fe022f8bd03635ab",
    "eye_door_lost": "f25fbb122c8e97a60ed4f42cad98ff90",
    "lockout_cleared": "54f2e7f3c9471111e4f1d9d7b2b8c5b8",
    "bundle_accepted": "b2ca1acda69a52a5703f08e8fd70e43c",
    "gallery_accepted": "2c5a1827f74246f7ab1b1c7135a03e9d",
    "keys_accepted": "aaf1b93c64af0f3f4bd194a6b5ff7c9f",
    "heartbeat": "233bece453e08993591a5e94d8d4834c",
    "log_pruned": "09da5600712084704c2aa604ce499852",
    "log_sealed": "86d96c7bb3c30c4d3fbe3ab7ee759003",
    "log_gap": "3107801316de739fb22208ca7546622f",
    "bundle_rolled_back": "b3c16a2e6f4510817cede44da25b8abb",
    "restored": "60b8d6ec8abc3ab2ec0f1263b8fec0d9",
    "hook_failed": "cb859d69c58993c64df7a4ed5758fd17",
    "hook_dropped": "cb25548917e9c509432007ed0fce8b55",
    "edited": "44c546d7d51f630cae21e198e8169974",
    "enrolled": "9fd35fd987bad367ebee44d4a5d059c2",
    "template_added": "d64427e7a07904c2e74ad81a713969bb",
    "removed": "3c113ee26f74067998e8345b349ada16",
    "presses_labelled": "ec5fbed2580e2ac7f9dd9fbbd4c12f33",
    "level_chosen": "56dfcad33dd67a3778e9d6d7b6d16beb",
    "broker_connected": "bec0d3095c0dc3af2f94bc871f8b599e",
    "broker_lost": "239741ae03767d3cebd456f24d6a5d10",
    "log_anew": "7228cb01dac6c542564fadfa43f43a73",
    "bundle_unsigned": "7f268e95eab2d962c83a74d6c7ecd295",
    "gallery_exported": "5b6b9ce22b5e91b438a142af8484157f",
    "gallery_imported": "8e664fe7c3551748a510ae4425e1b240",
    "gallery_undone": "8a6702808710929eb81d88638d2f1d76",
}

# Words that are no reason of a press: what happened, what to do.
_EVENTS = {
    "door_started": (
        "The door is ready: gallery, pins and an eye that looked once.",
        "Nothing to do.",
    ),
    "eye_started": (
        "The eye is ready: camera open, the network answers its golden inputs.",
        "Nothing to do.",
    ),
    "fault": (
        "Something outside the program failed; `what` says what, `remedy` what to do.",
        "Do what the remedy says; `sudo onelook doctor` looks at the rest.",
    ),
    "eye_lost": (
        "The door lost its eye and refuses every press until it is back.",
        "Read why: journalctl -u onelook-eye.service",
    ),
    "eye_model": (
        "The eye runs another network than the door, which refuses every press.",
        "Restart both: sudo systemctl restart onelook-eye onelook",
    ),
    "eye_stranger": (
        "A process that is neither the door nor the eye tried to speak at their socket.",
        "Find out who runs it; only the group onelook may pass.",
    ),
    "eye_fault": (
        "Camera or engine failed; `what` says what, `remedy` what to do.",
        "Do what the remedy says; presses are refused until it works.",
    ),
    "eye_packet": (
        "A door sent the eye something that is no message, and was let go.",
        "Door and eye are of different versions: sudo systemctl restart onelook-eye onelook",
    ),
    "eye_door_lost": (
        "The eye lost its door and waits for the next one.",
        "Read why: journalctl -u onelook.service",
    ),
    "lockout_cleared": (
        "A day passed without a failed press, or the owner said so: those before count no more.",
        "Nothing to do.",
    ),
    "bundle_accepted": (
        "The door took a bundle for the first time; from now on none that is older.",
        "Nothing to do.",
    ),
    "gallery_accepted": (
        "The door let people in by a newer gallery for the first time; from now on none older.",
        "Nothing to do.",
    ),
    "keys_accepted": (
        "The door took a list of signing keys for the first time; from now on none older.",
        "Nothing to do.",
    ),
    "heartbeat": (
        "A day has passed; `seq` is the newest event, which `onelook log verify` looks for.",
        "Nothing to do.",
    ),
    "log_pruned": (
        "Old events went, as [log] keep and most say; the chain holds without them.",
        "Nothing to do.",
    ),
    "reloaded": (
        "The owner had the configuration read again; it counts as soon as nobody is at the door.",
        "Nothing to do.",
    ),
    "sitting": (
        "The owner looked through the door's camera, to enrol somebody.",
        "Nothing to do.",
    ),
    "mode_changed": (
        "The owner set another mode, or went back to the configured one.",
        "Nothing to do.",
    ),
    "log_sealed": (
        "From here on every event is sealed with a key that the owner keeps.",
        "Nothing to do; `onelook log verify --key` checks it.",
    ),
    "log_gap": (
        "The log was damaged or gone: it begins anew, and the longest lock-out runs.",
        "Look at the file that was kept beside it, and at the card.",
    ),
    "bundle_rolled_back": (
        "The owner went back to an older bundle.",
        "Nothing to do.",
    ),
    "enrolled": (
        "Somebody may come in from now on.",
        "Nothing to do; `onelook list` shows who.",
    ),
    "template_added": (
        "Somebody who may come in has more photographs to be known by.",
        "Nothing to do.",
    ),
    "restored": (
        "The people of a backup took the place of those who were enrolled.",
        "Nothing to do; `onelook list` shows who may come in.",
    ),
    "hook_failed": (
        "A command of [hooks] could not be run, failed, or took too long.",
        "Try it by hand as the user onelook-hooks.",
    ),
    "hook_dropped": (
        "So many commands of [hooks] were waiting that one was left out.",
        "Make them quicker.",
    ),
    "edited": (
        "Somebody's name, hours or last day were changed, or they were switched off or on.",
        "Nothing to do; `onelook list` shows it.",
    ),
    "removed": (
        "Somebody may come in no more.",
        "Nothing to do.",
    ),
    "presses_labelled": (
        "The owner said who made presses in shadow, for `onelook calibrate`.",
        "Nothing to do.",
    ),
    "level_chosen": (
        "The owner chose a stricter level by command, or went back to the configured one.",
        "Nothing to do; `onelook list` shows which counts.",
    ),
    "broker_connected": (
        "The MQTT broker of [mqtt] takes what this door tells.",
        "Nothing to do.",
    ),
    "broker_lost": (
        "The MQTT broker cannot be told anything for now; `what` says why. The log waits for it.",
        "Do what the remedy says; `sudo -u onelook-mqtt onelook mqtt --check` tries it.",
    ),
    "log_anew": (
        "The log is another one than the broker was told of: it is told from its beginning.",
        "Look for log_gap among the events; numbers of events begin anew.",
    ),
    "gallery_exported": (
        "The people of this door were sealed in a file for other doors.",
        "Nothing to do.",
    ),
    "gallery_imported": (
        "The people of another door's file were taken; from now on none older of that door.",
        "Nothing to do; `onelook list` shows who may come in.",
    ),
    "gallery_undone": (
        "The owner went back to the people before the last import.",
        "Nothing to do; `onelook list` shows who may come in.",
    ),
    "bundle_unsigned": (
        "The door runs a bundle that nobody signed.",
        "Sign it with `convert sign`, and take [recognition] allow_unsigned out.",
    ),
}


def message_id(event: str, reason: object) -> str:
    """The id of an event; of a press and of the door that of the reason. "" for an unknown word."""
    return IDS.get(str(reason) if event in {"press", "door"} else event, "")


def remedy_of(word: str) -> str:
    """One sentence for the owner; "" for an unknown word."""
    return _meanings().get(word, ("", ""))[1]


def catalogue() -> str:
    """The message catalogue, as systemd's journalctl reads it."""
    return "\n".join(
        f"-- {IDS[word]}\nSubject: {word}\nDefined-By: onelook\n\n{what}\n{remedy}\n"
        for word, (what, remedy) in _meanings().items()
    )


def _meanings() -> dict[str, tuple[str, str]]:
    words = {reason.value: ("A press ended so.", reason.remedy) for reason in Reason}
    words |= {what.value: ("This happened at the door.", what.remedy) for what in Happening}
    return words | _EVENTS


if __name__ == "__main__":
    sys.stdout.write(catalogue())
