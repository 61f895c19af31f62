"""What a model hears, and the one line for a question that it cannot answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagger.errors import ModelError, TaggerError

if TYPE_CHECKING:
    from tagger.store import Store
    from tagger.types import Aspect


def hears(store: Store, model: str, aspect: Aspect) -> bool:
    """Whether the installed model does, else (its folder is elsewhere, or gone) its stored answers."""
    from tagger.model_card import load_card

    try:
        return aspect in load_card(model).aspects
    except ModelError:
        return store.has(aspect, model) or not store.count(model)  # nothing is known of it: not refused


def require(store: Store, model: str, aspect: Aspect, or_else: str) -> None:
    """Raises `TaggerError` where the model does not hear `aspect`; `or_else` says how to do without."""
    from tagger.model_card import DEFAULT_MODEL

    if hears(store, model, aspect):
        return
    able = next((other for other in store.models() if store.has(aspect, other)), None)
    how = "choose" if able else "scan with"
    raise TaggerError(
        f"{model} hears no {aspect}; {how} a model that does (--model {able or DEFAULT_MODEL}) or {or_else}"
    )
