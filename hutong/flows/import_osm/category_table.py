"""The tables of the mapping from OpenStreetMap's tags to our categories; `categories.py` reads them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A category: its names, its picture (a file name of Fluent Emoji 3D) and the tags that lead to it."""

    slug: str
    en: str
    zh_hans: str
    emoji: str
    tags: tuple[str, ...]


# A tag is `key=value`; several values of one key are written `key=a|b`.
GROUPS: dict[tuple[str, str, str, str], tuple[Entry, ...]] = {
    ("food", "Food", "美食", "1f35c"): (
        Entry("asian", "Asian kitchen", "亚洲菜", "1f363", ()),
        Entry("italian", "Pizza & pasta", "披萨意面", "1f355", ()),
        Entry("restaurant", "Restaurants", "餐厅", "1f37d-fe0f", ("amenity=restaurant|biergarten",)),
        Entry("fast-food", "Fast food", "快餐小吃", "1f354", ("amenity=fast_food|food_court",)),
        Entry("cafe", "Cafés & tea", "咖啡茶饮", "2615", ("amenity=cafe", "shop=coffee|bubble_tea")),
        Entry(
            "bakery",
            "Bakery & sweets",
            "面包甜品",
            "1f370",
            ("amenity=ice_cream", "shop=bakery|pastry|confectionery|chocolate|ice_cream"),
        ),
    ),
    ("nightlife", "Nightlife", "酒吧夜生活", "1f378"): (
        Entry("bar", "Bars & pubs", "酒吧", "1f37b", ("amenity=bar|pub|hookah_lounge", "craft=brewery")),
        Entry("club", "Clubs & karaoke", "夜店K歌", "1f3a4", ("amenity=nightclub|karaoke_box|casino",)),
    ),
    ("beauty", "Beauty", "丽人", "1f485"): (
        Entry("hairdresser", "Hair", "美发", "1f487", ("shop=hairdresser|hairdresser_supply",)),
        Entry(
            "beauty-salon",
            "Nails & beauty",
            "美容美甲",
            "1f485",
            ("shop=beauty|beauty_salon|nails|nailstudio|tanning|tattoo|piercing", "leisure=tanning_salon"),
        ),
        Entry(
            "massage",
            "Massage & spa",
            "按摩水疗",
            "1f486",
            ("shop=massage", "leisure=spa|sauna", "amenity=spa|public_bath"),
        ),
    ),
    ("health", "Health", "健康", "1fa7a"): (
        Entry(
            "pharmacy",
            "Pharmacy & care",
            "药店保健",
            "1f48a",
            (
                "amenity=pharmacy",
                "healthcare=pharmacy",
                "shop=chemist|medical_supply|hearing_aids|nutrition_supplements",
            ),
        ),
        Entry("dentist", "Dentists", "牙科", "1f9b7", ("amenity=dentist", "healthcare=dentist")),
        Entry(
            "clinic",
            "Doctors & therapy",
            "诊所理疗",
            "1f3e5",
            (
                "amenity=clinic|doctors",
                "healthcare=clinic|doctor|physiotherapist|alternative|psychotherapist|podiatrist|centre",
            ),
        ),
        Entry("optician", "Opticians", "眼镜店", "1f453", ("shop=optician", "healthcare=optometrist")),
    ),
    ("fun", "Things to do", "休闲娱乐", "1f39f-fe0f"): (
        Entry("cinema", "Cinema", "电影", "1f3ac", ("amenity=cinema",)),
        Entry(
            "stage",
            "Theatre & music",
            "演出剧场",
            "1f3ad",
            ("amenity=theatre|events_venue|music_venue",),
        ),
        Entry(
            "museum",
            "Museums & galleries",
            "博物馆画廊",
            "1f3db-fe0f",
            ("tourism=museum|gallery|zoo|aquarium|theme_park", "amenity=arts_centre"),
        ),
        Entry(
            "fitness",
            "Fitness & dance",
            "健身舞蹈",
            "1f3cb-fe0f",
            ("leisure=fitness_centre|dance", "amenity=gym|dancing_school"),
        ),
        Entry(
            "sports",
            "Sports & play",
            "运动游乐",
            "1f3b3",
            (
                "leisure=sports_centre|bowling_alley|miniature_golf|ice_rink|swimming_pool|water_park"
                "|amusement_arcade|escape_game|trampoline_park|golf_course|horse_riding|hackerspace",
            ),
        ),
    ),
    ("stay", "Stay", "酒店住宿", "1f3e8"): (
        Entry("hotel", "Hotels", "酒店", "1f3e8", ("tourism=hotel|motel|apartment",)),
        Entry(
            "hostel",
            "Hostels & guest houses",
            "青旅民宿",
            "1f6cf-fe0f",
            ("tourism=hostel|guest_house|chalet|camp_site",),
        ),
    ),
    ("groceries", "Groceries", "超市生鲜", "1f6d2"): (
        Entry("supermarket", "Supermarkets", "超市", "1f6d2", ("shop=supermarket|grocery|wholesale",)),
        Entry(
            "convenience",
            "Kiosks",
            "便利店",
            "1f3ea",
            ("shop=convenience|kiosk|newsagent|tobacco|e-cigarette",),
        ),
        Entry(
            "delicatessen",
            "Food specialities",
            "特色食品",
            "1f9c0",
            (
                "shop=deli|butcher|seafood|cheese|greengrocer|farm|health_food|tea|spices|pasta|dairy|beverages",
                "amenity=marketplace",
            ),
        ),
        Entry("drinks", "Wine & spirits", "酒类", "1f377", ("shop=alcohol|wine",)),
    ),
    ("shopping", "Shopping", "购物", "1f6cd-fe0f"): (
        Entry(
            "clothes",
            "Clothes",
            "服装",
            "1f457",
            ("shop=clothes|boutique|fashion|fur|hat|hats|fabric|tailor_supply|wool|sewing|haberdashery",),
        ),
        Entry(
            "shoes",
            "Shoes & bags",
            "鞋包",
            "1f45f",
            ("shop=shoes|bag|bags|handbags|leather|fashion_accessories",),
        ),
        Entry(
            "jewellery",
            "Jewellery & watches",
            "珠宝钟表",
            "1f48d",
            ("shop=jewelry|jewellery|watches|gold|gems", "craft=jeweller|clockmaker|watchmaker"),
        ),
        Entry("cosmetics", "Cosmetics & scent", "化妆品", "1f484", ("shop=cosmetics|perfumery|herbalist",)),
        Entry(
            "electronics",
            "Phones & electronics",
            "手机数码",
            "1f4f1",
            ("shop=electronics|mobile_phone|computer|hifi|appliances|camera|video_games|telecommunication",),
        ),
        Entry(
            "books",
            "Books & music",
            "书籍音乐",
            "1f4da",
            ("shop=books|stationery|music|records|musical_instrument|video|comics|anime",),
        ),
        Entry(
            "home",
            "Home & design",
            "家居设计",
            "1f3e0",
            (
                "shop=furniture|interior_decoration|houseware|kitchen|cookware|bed|carpet|curtain|candles|lighting"
                "|hardware|doityourself|paint|bathroom_furnishing|household_linen|tiles|garden_centre|antiques|frame|art|artist",
            ),
        ),
        Entry(
            "outdoor",
            "Sports & bicycles",
            "运动户外",
            "1f6b2",
            ("shop=sports|outdoor|bicycle|fishing|hunting|ski|scuba_diving",),
        ),
        Entry(
            "gifts",
            "Gifts, toys & crafts",
            "礼品玩具",
            "1f381",
            (
                "shop=gift|souvenir|souvenirs|toys|games|baby_goods|party|variety_store|craft|handicraft"
                "|handicrafts|model|collector|hobby",
            ),
        ),
        Entry("flowers", "Flowers", "鲜花", "1f490", ("shop=florist|garden",)),
        Entry(
            "pets", "Pets", "宠物", "1f436", ("shop=pet|pet_grooming", "amenity=veterinary|animal_boarding")
        ),
        Entry("mall", "Department stores", "商场百货", "1f3ec", ("shop=mall|department_store|general",)),
        Entry("second-hand", "Second hand", "二手", "1f455", ("shop=second_hand|charity|pawnbroker|junk",)),
        Entry("other-shop", "Other shops", "其他店铺", "1f4cd", ("shop=*",)),
    ),
    ("services", "Services", "生活服务", "1f9fa"): (
        Entry(
            "laundry",
            "Laundry & tailor",
            "洗衣裁缝",
            "1f9fa",
            ("shop=laundry|dry_cleaning|tailor", "craft=tailor|dressmaker|shoemaker", "amenity=laundry"),
        ),
        Entry(
            "repair",
            "Keys & repair",
            "钥匙维修",
            "1f6e0-fe0f",
            (
                "shop=locksmith|locks|car_repair|repair|shoe_repair",
                "craft=electronics_repair|key_cutter|locksmith|bicycle_repair",
                "amenity=car_wash",
            ),
        ),
        Entry(
            "travel",
            "Travel & tickets",
            "旅行票务",
            "1f9ed",
            ("shop=travel_agency|ticket", "office=travel_agent", "amenity=car_rental|boat_rental|tickets"),
        ),
        Entry(
            "photo",
            "Photo & print",
            "摄影打印",
            "1f4f7",
            ("shop=photo|copyshop|photo_studio", "craft=photographer|printer"),
        ),
        Entry(
            "lessons",
            "Lessons",
            "培训课程",
            "1f393",
            (
                "amenity=driving_school|language_school|music_school|cooking_school|prep_school",
                "office=educational_institution",
            ),
        ),
        Entry(
            "advice",
            "Advice & property",
            "咨询房产",
            "1f4bc",
            (
                "office=estate_agent|lawyer|insurance|notary|tax_advisor|accountant",
                "shop=estate_agent|funeral_directors|money_lender|insurance",
                "amenity=coworking_space",
            ),
        ),
    ),
}

# Read in this order: a hotel with a restaurant is a restaurant where it says so as its amenity.
KEYS = ("amenity", "shop", "tourism", "leisure", "healthcare", "craft", "office")
# What a restaurant or fast food place cooks tells more than that it cooks.
CUISINES: dict[str, str] = {
    **dict.fromkeys(
        [
            "asian",
            "chinese",
            "japanese",
            "sushi",
            "ramen",
            "thai",
            "vietnamese",
            "korean",
            "indian",
            "nepalese",
            "tibetan",
            "indonesian",
            "malaysian",
            "mongolian",
            "noodle",
            "dumplings",
            "bento",
            "wok",
        ],
        "asian",
    ),
    **dict.fromkeys(["pizza", "italian", "pasta"], "italian"),
}
# Values of `shop` and of the others that say there is nothing to buy (any more).
NOT_IN_USE = {"vacant", "no", "disused", "abandoned", "closed", "empty", "unused"}
