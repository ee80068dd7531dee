"""A question of `hutong init`, and how questions are settled: by what was given, by asking, or by their defaults."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import typer
from rich.markup import escape

from hutong.cli.screen import console
from hutong.kernel.errors import Invalid

Answers = dict[str, str]


class AnswerWrong(Invalid):
    """An answer that cannot be used; says which one and what would fit."""

    code = "answer_wrong"
    message = "%(flag)s: %(said)s"


class AnswersMissing(Invalid):
    """Nobody can be asked, and something that has no default was not said."""

    code = "answers_missing"
    message = "Please say %(flags)s too, or run `hutong init` on a terminal, which asks."


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to know. `key` is its flag too.

    `check` gives the answer in the form it is kept in, or raises `ValueError` with what would fit; `default`
    may look at the answers before. `asked` says whether it matters, given those; `hidden` is not echoed. One that has
    a `setting` is answered by that variable of the environment and has no flag.
    """

    key: str
    text: str
    check: Callable[[str], str]
    default: Callable[[Answers], str] = lambda _answers: ""
    asked: Callable[[Answers], bool] = lambda _answers: True
    needed: bool = True
    hidden: bool = False
    setting: str = ""

    @property
    def flag(self) -> str:
        """The option of the command line, or the variable that stands for it."""
        return self.setting or "--" + self.key.replace("_", "-")


def settle(questions: Sequence[Question], given: Mapping[str, str | None], *, ask: bool) -> Answers:
    """An answer to each question that matters: as given, else as asked for, else its default.

    A wrong answer on the terminal is asked for again. Raises `AnswerWrong`, `AnswersMissing`.
    """
    answers: Answers = {}
    missing = []
    for question in questions:
        if not question.asked(answers):
            continue
        said = given.get(question.key)
        if said is not None:
            answers[question.key] = _checked(question, said)
        elif ask:
            answers[question.key] = _asked(question, answers)
        else:
            default = question.default(answers)
            if question.needed and not default:
                missing.append(question.flag)
            answers[question.key] = _checked(question, default) if default else ""
    if missing:
        raise AnswersMissing(flags=", ".join(missing))
    return answers


def _asked(question: Question, answers: Answers) -> str:
    default = question.default(answers)
    while True:
        said = typer.prompt(
            question.text, default=default, hide_input=question.hidden, show_default=bool(default)
        )
        if not said.strip() and not question.needed:
            return ""
        try:
            return _checked(question, said)
        except AnswerWrong as error:
            console.print(f"[red]✗[/] {escape(str(error))}")


def _checked(question: Question, said: str) -> str:
    said = " ".join(said.split())
    if not said and not question.needed:
        return ""
    try:
        return question.check(said)
    except ValueError as error:
        raise AnswerWrong(flag=question.flag, said=str(error)) from error
