"""Words that a caller may be asked to say: common, short, and hard to mistake for one another."""

from __future__ import annotations

from functools import lru_cache

from ivr.flow.matching import words_of

_ENGLISH = """
apple basket bridge butter camel candle carpet chicken cherry circle coffee corner cotton doctor dragon engine
feather thunder forest garden giraffe guitar tulip spinach island sweater kitchen ladder lemon marble valley mirror
monkey morning mountain ocean orange oyster paper pencil picnic pigeon cushion planet parrot rabbit ribbon rocket
sailor sandwich shadow silver spider station summer tiger tractor tunnel turtle velvet village whistle window yellow
"""
_PERSIAN = """
کتاب درخت خورشید باران آتش گربه انار انگور گندم قاشق بشقاب دیوار کلید چراغ ساعت عینک
لباس جوراب دستمال مداد دفتر نقشه جنگل دریا پاییز بهار پلنگ خرگوش روباه زنبور فولاد آهن
موتور تاکسی کشتی پارچه پنیر عسل زیتون پسته فلفل گردو لیمو توت طوطی پرچم بلوط هویج
کلاه سوزن خروس برنج صندوق دکمه شبنم پتو نمک گلدان فانوس صابون اردک تمبر خرچنگ چکش
"""


@lru_cache(maxsize=16)
def words_for(language: str) -> tuple[str, ...]:
    """Of a BCP 47 ``language``; empty where we have none, and digits are asked for instead."""
    lists = {"en": _ENGLISH, "fa": _PERSIAN}
    return tuple(lists.get(language.partition("-")[0].lower(), "").split())


@lru_cache(maxsize=16)
def folded_words(language: str) -> frozenset[str]:
    """As they are compared with what was said."""
    return frozenset(folded for word in words_for(language) for folded in words_of(word))
