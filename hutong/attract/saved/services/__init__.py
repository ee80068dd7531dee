"""Writes of `saved`. Everything is one person's own; two requests of the same person wait for each other."""

from hutong.attract.saved.services.entries import move, note, put, remove, remove_everywhere, restore, save
from hutong.attract.saved.services.errors import (
    DefaultListStays,
    EntryUnknown,
    ListFull,
    ListsFull,
    ListUnknown,
    NameMissing,
    NothingToSave,
)
from hutong.attract.saved.services.lists import (
    copy_list,
    delete_list,
    make_list,
    rename_list,
    restore_list,
    share_list,
    unshare_list,
)
from hutong.attract.saved.services.seen import (
    choose,
    clear_out,
    clear_seen,
    forget_person,
    forget_seen,
    remember,
)

__all__ = [
    "DefaultListStays",
    "EntryUnknown",
    "ListFull",
    "ListUnknown",
    "ListsFull",
    "NameMissing",
    "NothingToSave",
    "choose",
    "clear_out",
    "clear_seen",
    "copy_list",
    "delete_list",
    "forget_person",
    "forget_seen",
    "make_list",
    "move",
    "note",
    "put",
    "remember",
    "remove",
    "remove_everywhere",
    "rename_list",
    "restore",
    "restore_list",
    "save",
    "share_list",
    "unshare_list",
]
