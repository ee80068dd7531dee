"""Words that mean the same where one looks for a place: of a category, and of what it sells.

Each line is found by any of its words: a store of one of the categories (by slug) has all of them as words of its
category, and who types one of them also finds names with another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hutong.attract.search.rules.letters import plain


@dataclass(frozen=True, slots=True)
class Same:
    """Words of one meaning; the slugs of the categories whose stores are meant by them, none where only some are."""

    words: tuple[str, ...]
    slugs: tuple[str, ...] = ()


def _same(words: str, slugs: str = "") -> Same:
    return Same(tuple(word.strip() for word in words.split(",")), tuple(slugs.split()))


SYNONYMS: tuple[Same, ...] = (
    # What a whole category is called.
    _same("coffee, cafe, kahvila, kahvi, espresso, 咖啡, 咖啡馆, 咖啡厅, 咖啡店", "cafe"),
    _same("restaurant, ravintola, dining, 餐厅, 饭店, 餐馆, 饭馆", "restaurant"),
    _same("fast food, takeaway, pikaruoka, 快餐, 小吃, 外卖", "fast-food"),
    _same("bakery, leipomo, bread, 面包, 烘焙, 面包店", "bakery"),
    _same("bar, pub, baari, 酒吧, 清吧", "bar"),
    _same(
        "hairdresser, barber, hair salon, haircut, kampaamo, parturi, 理发, 美发, 剪发, 发廊", "hairdresser"
    ),
    _same("beauty salon, kauneushoitola, 美容, 美容院", "beauty-salon"),
    _same("massage, hieronta, 按摩, 推拿", "massage"),
    _same("pharmacy, drugstore, apteekki, 药店, 药房", "pharmacy"),
    _same("dentist, hammaslaakari, 牙科, 牙医, 口腔", "dentist"),
    _same("doctor, clinic, laakari, laakariasema, 诊所, 医院", "clinic"),
    _same("optician, glasses, optikko, 眼镜, 配镜", "optician"),
    _same("cinema, movies, elokuvateatteri, 电影, 电影院, 影院, 影城", "cinema"),
    _same("theatre, theater, teatteri, 剧场, 剧院", "stage"),
    _same("museum, museo, 博物馆", "museum"),
    _same("gym, fitness, kuntosali, workout, 健身, 健身房", "fitness"),
    _same("hotel, hotelli, 酒店, 宾馆", "hotel"),
    _same("hostel, guest house, hostelli, 青旅, 民宿", "hostel"),
    _same("supermarket, ruokakauppa, 超市", "supermarket"),
    _same("kiosk, convenience store, kioski, 便利店, 小卖部", "convenience"),
    _same("clothes, clothing, vaatteet, 服装, 衣服, 女装, 男装", "clothes"),
    _same("shoes, kengat, 鞋店, 鞋", "shoes"),
    _same("jewellery, jewelry, korut, 珠宝, 首饰", "jewellery"),
    _same("bookshop, bookstore, books, kirjakauppa, 书店, 书籍", "books"),
    _same("flowers, florist, kukkakauppa, kukat, 鲜花, 花店", "flowers"),
    _same("pets, pet shop, elainkauppa, 宠物, 宠物店", "pets"),
    _same("mall, department store, shopping centre, tavaratalo, 商场, 百货, 购物中心", "mall"),
    _same("laundry, dry cleaning, pesula, 洗衣, 干洗", "laundry"),
    _same("phone, mobile, electronics, elektroniikka, 手机, 数码", "electronics"),
    _same("driving school, autokoulu, 驾校"),
    # What only some of a category are.
    _same("hotpot, hot pot, 火锅"),
    _same("noodles, noodle, nuudeli, 面馆, 面条"),
    _same("ramen, 拉面"),
    _same("dumplings, jiaozi, 饺子"),
    _same("sushi, 寿司"),
    _same("barbecue, bbq, grill, 烧烤, 烤肉"),
    _same("pizza, pitsa, 披萨, 比萨"),
    _same("burger, hamburger, hampurilainen, 汉堡"),
    _same("ice cream, gelato, jaatelo, 冰淇淋"),
    _same("cake, kakku, 蛋糕"),
    _same("tea, tee, tea house, teahouse, 茶, 茶馆, 茶楼, 茶室"),
    _same("bubble tea, milk tea, 奶茶"),
    _same("beer, olut, 啤酒"),
    _same("wine, viini, 葡萄酒, 红酒"),
    _same("karaoke, ktv, 卡拉ok"),
    _same("nightclub, night club, yokerho, 夜店"),
    _same("nails, manicure, kynnet, 美甲"),
    _same("spa, kylpyla, 水疗, 温泉"),
    _same("sauna, 桑拿"),
    _same("yoga, jooga, 瑜伽"),
    _same("swimming, uimahalli, 游泳, 游泳馆"),
    _same("bowling, keilahalli, 保龄球"),
    _same("bicycle, bike, pyora, 自行车"),
    _same("vegetarian, vegan, kasvis, 素食"),
    _same("breakfast, aamiainen, 早餐, 早点"),
    _same("lunch, lounas, 午餐"),
    _same("seafood, 海鲜"),
    # Chains that are called otherwise where Chinese is spoken, and not by the sound of their name.
    _same("kfc, kentucky fried chicken, 肯德基"),
    _same("mcdonalds, mcd, 麦当劳, 金拱门"),
    _same("burger king, 汉堡王"),
    _same("pizza hut, 必胜客"),
    _same("dominos, 达美乐"),
    _same("papa johns, 棒约翰"),
    _same("subway, 赛百味"),
    _same("dicos, 德克士"),
    _same("starbucks, 星巴克"),
    _same("costa coffee, 咖世家"),
    _same("luckin, luckin coffee, 瑞幸, 瑞幸咖啡"),
    _same("dairy queen, 冰雪皇后"),
    _same("haagen dazs, 哈根达斯"),
    _same("family mart, 全家便利店"),
    _same("seven eleven, 7 eleven, 7 11, 711"),
    _same("lawson, 罗森"),
    _same("walmart, 沃尔玛"),
    _same("carrefour, 家乐福"),
    _same("costco, 开市客, 好市多"),
    _same("sams club, 山姆会员商店, 山姆会员店"),
    _same("ikea, 宜家"),
    _same("uniqlo, 优衣库"),
    _same("muji, 无印良品"),
    _same("decathlon, 迪卡侬"),
    _same("watsons, 屈臣氏"),
    _same("sephora, 丝芙兰"),
    _same("hilton, 希尔顿"),
    _same("marriott, 万豪"),
    _same("sheraton, 喜来登"),
    _same("hyatt, 凯悦"),
)


def alike(word: str) -> tuple[str, ...]:
    """The other words that mean what a folded word or phrase means; () where there are none."""
    return _ALIKE.get(word, ())


def known(word: str) -> bool:
    """Whether a folded word or phrase is one of the table."""
    return word in _ALIKE


def words_of(slugs: Iterable[str]) -> tuple[str, ...]:
    """All words for the categories of these slugs, folded."""
    return tuple(dict.fromkeys(word for slug in slugs for word in _OF_CATEGORY.get(slug, ())))


def _by_word() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for same in SYNONYMS:
        folded = [plain(word) for word in same.words]
        # Who types no space means the same.
        folded = list(dict.fromkeys([*folded, *(word.replace(" ", "") for word in folded)]))
        for word in folded:
            if word in found:
                raise ValueError(f"{word} has two meanings")
            found[word] = tuple(other for other in folded if other != word)
    return found


def _by_category() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for same in SYNONYMS:
        for slug in same.slugs:
            found.setdefault(slug, []).extend(plain(word) for word in same.words)
    return {slug: tuple(words) for slug, words in found.items()}


_ALIKE = _by_word()
_OF_CATEGORY = _by_category()
LONGEST_PHRASE = max(word.count(" ") + 1 for word in _ALIKE)
