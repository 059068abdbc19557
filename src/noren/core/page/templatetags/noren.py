"""Template tags of the house: `{% load noren %}`."""

from django import template

from noren.core.page import parts
from noren.core.page.row.entries import entry
from noren.core.page.search.hits import hit_groups, kinds_nav, option_groups

register = template.Library()

register.simple_tag(parts.icon, name="icon")
register.simple_tag(parts.avatar, name="avatar")
register.simple_tag(parts.tag, name="tag")
register.simple_tag(parts.whole, name="whole")
register.simple_tag(parts.sprite, name="sprite")
register.simple_tag(parts.assets, name="assets")
register.simple_tag(parts.style, name="style")
register.simple_tag(entry, name="entry")
register.simple_tag(hit_groups, name="hits")
register.simple_tag(kinds_nav, name="kinds")
register.simple_tag(option_groups, name="options")


@register.simple_tag(takes_context=True)
def before_main(context: template.Context) -> str:
    """All markup of a page before its main part."""
    markup: str = context["shell"].before(context)
    return markup


@register.simple_tag(takes_context=True)
def after_main(context: template.Context) -> str:
    """All markup after it."""
    markup: str = context["shell"].after(context)
    return markup


@register.simple_tag
def label_for(name: str) -> str:
    """The id of the input of a field."""
    return f"f-{name}"


@register.filter
def at(mapping: dict[str, object], key: str) -> object:
    """The value under `key`, or nothing."""
    return mapping.get(key, "")
