"""Writes of pictures: an upload is made safe, versions say which are shown, files nobody needs go."""

from hutong.town.pictures.services.errors import (
    DrawingRefused,
    PicturesBusy,
    PictureTooHeavy,
    PictureTooLarge,
    PictureTooSmall,
    PictureUnreadable,
    TooManyPictures,
)
from hutong.town.pictures.services.keeping import add_picture, bring_back, collect, remove, show

__all__ = [
    "DrawingRefused",
    "PictureTooHeavy",
    "PictureTooLarge",
    "PictureTooSmall",
    "PictureUnreadable",
    "PicturesBusy",
    "TooManyPictures",
    "add_picture",
    "bring_back",
    "collect",
    "remove",
    "show",
]
