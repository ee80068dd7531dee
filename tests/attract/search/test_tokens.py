"""What a text is indexed as, and what is looked for when somebody types: one table each, and what nobody should type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from hutong.attract.search.rules import sounds, synonyms, tokens
from hutong.attract.search.rules.tokens import How, Source, Weight, tsquery, typed
from hutong.kernel.rows import scalar

INDEXED = {
    "Äiti & Isä": "aiti isa",
    "K-Market": "k market kmarket",
    "McDonald's": "mcdonalds",
    "ＦＵＬＬ　Width": "full width",
    "火锅": "火 锅 火锅 ~huoguo ~guo ^hg",
    "兰州拉面": "兰 州 拉 面 兰州 州拉 拉面 ~lanzhoulamian ~zhoulamian ~lamian ~mian ^lzlm ^zlm ^lm",
    "重庆银行": "重 庆 银 行 重庆 庆银 银行 ~chongqingyinhang ~qingyinhang ~yinhang ~hang ^cqyh ^qyh ^yh",
    "绿茶": "绿 茶 绿茶 ~lvcha ~lucha ~cha ^lc",
    "老王BBQ": "老 王 老王 bbq ~laowang ~wang ^lw",
    "面(北店)": "面 北 店 北店 ~mianbeidian ~beidian ~dian ^mbd ^bd",
    "ラーメン": "ラ ー メ ン ラー ーメ メン",
    "Кафе №1": "кафе no1",
    "김치": "김치",
    "🍜 💯": "",
}

LOOKED_FOR = {
    "kahvit": "('kahvit':*)",
    "K-Market 24": "('k' | 'kmarket':*) & ('market':* | '^market':* | 'kmarket':*) & ('24')",
    "noodle bowls": "('noodle':* | 'nuudeli':* | '面馆' | '面条') & ('bowl':* | '^bowls':* | 'noodlebowls':*)",
    "burger king": "(('burger':* & 'king') | ('汉堡' & '堡王') | 'burgerking':*)",
    "s market": "('s' | 'smarket':*) & ('market':* | '^market':* | 'smarket':*)",
    "lamian": "('lamian':* | '~lamian':*)",
    "lm": "('lm':* | '^lm':*)",
    "兰州lamian": "('兰州') & ('lamian':* | '~lamian':*)",
    "附近的火锅店": "('火锅')",
    "朝阳区麻辣烫": "(('朝阳' & '阳区')) & (('麻辣' & '辣烫'))",
    "hot pot near the Kamppi": "(('hot' & 'pot') | 'hotpot':* | '火锅') & ('kamppi':*)",
    "健身房": "(('健身' & '身房') | 'gym' | 'fitness':* | 'kuntosali':* | 'workout':* | '健身')",
    "bar": "('bar' | 'pub' | 'baari':* | '酒吧' | '清吧')",
    "the": "('the':* | '^the':*)",
    "lanzhoulamianguanzhong": "('lanzhoulamianguanzhong':* | ('~lanzhoulamiangua' & '~guanzhong':*))",
    "lzlmgzgcdxy": "('lzlmgzgcdxy':* | ('^lzlmgzgc' & '^mgzgcdxy':*))",
    "'; DROP TABLE x; --": "('drop':* | '^drop':*) & ('table':* | '^table':* | 'droptable':*) & ('x' | 'tablex':*)",
    "x:* | !b & (c)": "('x' | 'xb') & ('b' | 'xb' | 'bc') & ('c' | 'bc')",
    "🍜": "",
    " \x00\u202e ": "",
}


@pytest.mark.parametrize(("text", "found"), INDEXED.items())
def test_a_text_is_indexed(text: str, found: str) -> None:
    assert " ".join(tokens.lexemes(text)) == found


@pytest.mark.parametrize(("text", "query"), LOOKED_FOR.items())
def test_typed_text_looks_for(text: str, query: str) -> None:
    assert tsquery(typed(text)) == query


@pytest.mark.django_db
def test_a_lexeme_has_each_of_its_weights_once() -> None:
    sources = [
        Source("Kahvila 锅", Weight.NAME),
        Source("kahvila KAHVILA", Weight.CATEGORY),
        Source("kahvila", Weight.AREA, spoken=False),
    ]
    assert tokens.vector(sources) == "'kahvila':1A '锅':1A '~guo':1A 'kahvila':2B 'kahvila':4D"
    assert (
        scalar("SELECT %s::tsvector::text", [tokens.vector(sources)]) == "'kahvila':1A,2B,4 '~guo':1A '锅':1A"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("兰州拉面馆(中关村店)", "lanzhoulamianguanzhongguancundian"),
        ("兰州拉面馆(中关村店)", "lamian zhongguancun"),
        ("兰州拉面馆(中关村店)", "lzlmgzgcd"),
        ("兰州拉面馆(中关村店)", "中关村拉面"),
        ("西安安徽菜", "xiananhuicai"),
        ("绿茶餐厅", "lucha"),
        ("Ravintola Kämp", "KAMP ravintola"),
        ("Ravintolat", "ravintola"),
        ("McDonald’s", "mcdonald's"),
        ("老王家烧烤", "老王家"),
        ("小龙坎火锅", "hotpot"),
        ("O'Reilly & Søn", "o'reilly søn"),
        ("O'Reilly & Søn", "oreilly son"),
        ("Burger King", "burgerking"),
        ("BurgerKing Kamppi", "burger king"),
        ("McDonald's", "mcdonalds"),
        ("McDonald’s", "mc donalds"),
        ("McDonalds", "mcdonald's"),
        ("麦当劳", "McDonald's"),
        ("McDonald's", "麦当劳"),
        ("肯德基(北京路店)", "kfc"),
        ("KFC", "肯德基"),
        ("星巴克", "starbucks"),
        ("Starbucks Coffee", "星巴克"),
        ("汉堡王", "burgerking"),
        ("S-market Kallio", "smarket"),
        ("S-market Kallio", "s market"),
        ("Smarket", "s-market"),
        ("7-Eleven", "7eleven"),
        ("7-Eleven", "7 11"),
        ("H & M", "h&m"),
        ("H&M", "hm"),
        ("Kahvilä Öljy", "kahvila oljy"),
        ("Kahvila Oljy", "KAHVILÄ ÖLJY"),
        ("Bäckerei Straße", "backerei strasse"),
        ("Smørrebrød Æbler", "smorrebrod aebler"),
        ("Łódź", "lodz"),
        ("Ｋａｈｖｉｌａ ２４", "kahvila 24"),
        ("Kahvila 24", "ｋａｈｖｉｌａ"),
        ("海底捞火锅", "海底撈火鍋"),
        ("海底撈火鍋", "海底捞火锅"),
        ("海底撈火鍋", "haidilao"),
        ("蘭州拉麵", "兰州拉面"),
        ("西安面馆", "xi'an"),
        ("西安面馆", "xi an"),
    ],
)
def test_a_name_is_found_by_what_one_types(name: str, text: str) -> None:
    vector = tokens.vector([Source(name, Weight.NAME)])
    for query, found in (
        (tsquery(typed(text)), True),
        (tsquery(typed(text), weights="A"), True),
        ("'nothing'", False),
    ):
        assert scalar("SELECT %s::tsvector @@ %s::tsquery", [vector, query]) is found


@pytest.mark.django_db
@given(st.text(max_size=60))
def test_whatever_is_indexed_is_found_by_itself(text: str) -> None:
    pieces = typed(text)
    if len(pieces) < tokens.MAX_PIECES:
        vector = tokens.vector([Source(text, Weight.NAME)])
        assert scalar("SELECT %s::tsvector @@ %s::tsquery", [vector, tsquery(pieces)]) is bool(pieces)


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "火" * 10_000, "🍜" * 10_000, "a " * 5_000, "'" * 10_000, "xian" * 2_500]
)
def test_what_is_looked_for_is_bounded(text: str) -> None:
    pieces = typed(text)
    assert len(pieces) <= tokens.MAX_PIECES
    assert len(tsquery(pieces)) < 4_000
    assert len(tokens.lexemes(text)) < 5_000


@given(st.text(alphabet="重庆银行长沙绿茶朝阳乐园音西安大会计都首好觉睡还了地得一不着调\u3400", max_size=12))
def test_words_that_come_again_are_spoken_as_in_the_whole(han: str) -> None:
    assert sounds.syllables(han) == tuple(lazy_pinyin(han, errors="ignore"))


def test_a_choice_says_how_it_is_one() -> None:
    (coffee,) = typed("coffee")
    assert [choice.how for choice in coffee.choices][:2] == [How.WRITTEN, How.MEANING]
    assert [choice.how for choice in typed("lanzhou")[0].choices] == [How.WRITTEN, How.SOUND]


def test_terms_are_words_and_their_keys() -> None:
    assert tokens.terms("兰州拉面 Café 24 x") == ("兰州", "拉面", "cafe")
    assert tokens.keys("兰州") == ("兰州", "lanzhou", "lz")
    assert tokens.keys("绿茶") == ("绿茶", "lvcha", "lucha", "lc")
    assert tokens.keys("Café") == ("cafe",)
    assert max(len(key) for key in tokens.keys("火锅 " * 300)) <= tokens.MAX_KEY


def test_words_of_one_meaning_lead_to_each_other() -> None:
    assert "健身" in synonyms.alike("gym")
    assert synonyms.alike("gymnastics") == ()
    assert {"coffee", "咖啡"} <= set(synonyms.words_of(["cafe"]))
