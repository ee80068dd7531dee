"""The words that the names of the invented city are made of, in Chinese and English, pair by pair."""

from __future__ import annotations


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a list such as "面馆 Noodle House, 茶室 Tea Room"."""
    found = (entry.strip().partition(" ") for entry in text.split(","))
    return tuple((zh, en) for zh, _space, en in found)


# What a store of a category sells or is, by the category's slug.
KINDS = {
    "asian": pairs(
        "兰州拉面 Lanzhou Noodles, 重庆火锅 Chongqing Hotpot, 四川川菜馆 Sichuan Kitchen,"
        " 潮汕牛肉火锅 Chaoshan Beef Hotpot, 沙县小吃 Shaxian Snacks, 黄焖鸡米饭 Braised Chicken Rice,"
        " 东北饺子馆 Northeast Dumplings, 麻辣烫 Malatang, 粤菜酒家 Cantonese Restaurant, 湘菜馆 Hunan Kitchen,"
        " 西安面馆 Xi'an Noodle House, 羊肉泡馍 Lamb Soup and Bread, 桂林米粉 Guilin Rice Noodles,"
        " 小笼包 Soup Dumplings, 烤鸭店 Roast Duck, 日式寿司 Sushi Bar, 韩式烤肉 Korean Grill"
    ),
    "restaurant": pairs(
        "家常菜馆 Home Kitchen, 私房菜 Private Kitchen, 海鲜酒楼 Seafood House, 烧烤 Barbecue,"
        " 铁锅炖 Iron Pot Stew, 素食馆 Vegetarian Table, 农家院 Farmyard Restaurant, 西餐厅 Western Grill,"
        " 烤鱼 Grilled Fish, 串串香 Skewer House"
    ),
    "fast-food": pairs(
        "汉堡 Burgers, 炸鸡 Fried Chicken, 煎饼果子 Crepe Stand, 盖浇饭 Rice Bowls, 早餐店 Breakfast Corner,"
        " 三明治 Sandwiches"
    ),
    "italian": pairs("披萨 Pizza, 意面坊 Pasta House, 意式餐厅 Trattoria"),
    "cafe": pairs(
        "咖啡馆 Coffee House, 咖啡 Coffee, 茶室 Tea Room, 奶茶 Milk Tea, 茶楼 Teahouse,"
        " 手冲咖啡 Pour Over Coffee, 书吧 Book Cafe"
    ),
    "bakery": pairs(
        "面包房 Bakery, 蛋糕店 Cake Shop, 糕点铺 Pastry Shop, 冰淇淋 Ice Cream, 甜品站 Dessert Bar"
    ),
    "bar": pairs("酒吧 Bar, 清吧 Quiet Bar, 精酿啤酒 Craft Beer, 小酒馆 Tavern, 音乐酒吧 Music Bar"),
    "club": pairs("KTV KTV, 量贩歌城 Karaoke, 夜店 Night Club"),
    "hairdresser": pairs("理发店 Barber, 美发沙龙 Hair Salon, 造型 Hair Studio, 发廊 Hairdresser"),
    "beauty-salon": pairs("美甲 Nails, 美容院 Beauty Salon, 护肤中心 Skin Care, 美睫 Lash Studio"),
    "massage": pairs(
        "推拿 Tuina Massage, 足疗 Foot Massage, 汗蒸馆 Sauna, 水疗会所 Spa, 盲人按摩 Blind Massage"
    ),
    "pharmacy": pairs("大药房 Pharmacy, 中药铺 Herbal Pharmacy, 药店 Drugstore"),
    "dentist": pairs("口腔诊所 Dental Clinic, 牙科 Dentist"),
    "clinic": pairs("中医诊所 Chinese Medicine Clinic, 门诊部 Clinic, 康复理疗 Physiotherapy"),
    "optician": pairs("眼镜店 Optician, 视光中心 Vision Centre"),
    "cinema": pairs("影城 Cinema, 私人影院 Private Cinema"),
    "fitness": pairs(
        "健身房 Gym, 瑜伽馆 Yoga Studio, 舞蹈工作室 Dance Studio, 普拉提 Pilates, 拳击馆 Boxing Gym"
    ),
    "sports": pairs(
        "游泳馆 Swimming Pool, 羽毛球馆 Badminton Hall, 台球厅 Billiards, 密室逃脱 Escape Room, 保龄球馆 Bowling"
    ),
    "hotel": pairs("酒店 Hotel, 宾馆 Guesthouse, 商务酒店 Business Hotel, 精品酒店 Boutique Hotel"),
    "hostel": pairs("青年旅舍 Youth Hostel, 民宿 Homestay"),
    "supermarket": pairs("超市 Supermarket, 生鲜超市 Fresh Market"),
    "convenience": pairs("便利店 Convenience Store, 小卖部 Kiosk, 烟酒店 Tobacco and Wine"),
    "delicatessen": pairs("水果店 Fruit Shop, 熟食店 Deli, 茶叶店 Tea Shop, 海鲜档 Seafood Stall"),
    "clothes": pairs("女装店 Womenswear, 服装店 Clothes Shop, 童装 Kids Wear, 汉服馆 Hanfu House"),
    "electronics": pairs("手机店 Phone Shop, 数码城 Electronics, 手机维修 Phone Repair"),
    "books": pairs("书店 Bookshop, 文具店 Stationery, 琴行 Music Shop"),
    "flowers": pairs("花店 Flower Shop, 鲜花坊 Florist, 园艺 Garden Centre"),
    "pets": pairs("宠物店 Pet Shop, 宠物医院 Animal Hospital, 宠物美容 Pet Grooming"),
    "laundry": pairs("干洗店 Dry Cleaning, 洗衣房 Laundry, 裁缝铺 Tailor"),
    "photo": pairs("照相馆 Photo Studio, 打印店 Print Shop"),
    "lessons": pairs(
        "英语培训 English School, 钢琴教室 Piano Lessons, 驾校 Driving School, 美术画室 Art Classes"
    ),
}
# How many of a hundred stores are of each, in the order above; the rest share what is left.
SHARES = (14, 10, 8, 2, 8, 5, 3, 1, 6, 4, 4, 3)

SURNAMES = pairs(
    "王 Wang, 李 Li, 张 Zhang, 刘 Liu, 陈 Chen, 杨 Yang, 黄 Huang, 赵 Zhao, 吴 Wu, 周 Zhou, 徐 Xu, 孙 Sun,"
    " 马 Ma, 朱 Zhu, 胡 Hu, 郭 Guo, 何 He, 高 Gao, 林 Lin, 罗 Luo, 郑 Zheng, 梁 Liang, 谢 Xie, 宋 Song,"
    " 唐 Tang, 许 Xu, 韩 Han, 冯 Feng, 邓 Deng, 曹 Cao, 彭 Peng, 曾 Zeng, 肖 Xiao, 田 Tian, 董 Dong, 袁 Yuan,"
    " 潘 Pan, 于 Yu, 蒋 Jiang, 蔡 Cai, 余 Yu, 杜 Du, 叶 Ye, 程 Cheng, 苏 Su, 魏 Wei, 吕 Lü, 丁 Ding, 任 Ren,"
    " 沈 Shen"
)
FAMILIAR = pairs(
    "老{} Old {}'s, 小{} Little {}'s, {}记 {}'s, {}家 {} Family, {}氏 {} Clan, {}姐 Sister {}'s,"
    " {}师傅 Master {}'s"
)
ADJECTIVES = pairs(
    "金 Golden, 银 Silver, 福 Lucky, 喜 Happy, 春 Spring, 秋 Autumn, 清 Clear, 云 Cloud, 星 Star, 月 Moon,"
    " 海 Ocean, 山 Mountain, 红 Red, 绿 Green, 蓝 Blue, 新 New, 老 Old, 大 Great, 天 Heavenly, 万 Myriad,"
    " 四季 Four Seasons, 东方 Eastern, 江南 Jiangnan, 京城 Capital, 外婆 Grandma's, 有间 A Certain,"
    " 半日 Half Day, 一方 One Side, 醉 Tipsy, 闲 Idle"
)
NOUNS = pairs(
    "龙 Dragon, 凤 Phoenix, 鼎 Cauldron, 轩 Pavilion, 阁 Loft, 居 Residence, 园 Garden, 坊 Workshop,"
    " 楼 Tower, 堂 Hall, 舍 Cottage, 庭 Court, 里 Lane, 岛 Island, 湾 Bay, 林 Forest, 泉 Spring Water,"
    " 桥 Bridge, 门 Gate, 风 Wind, 竹 Bamboo, 梅 Plum, 兰 Orchid, 莲 Lotus, 松 Pine, 鹤 Crane, 鹿 Deer,"
    " 燕 Swallow, 鱼 Fish, 虎 Tiger"
)
# A road is a beginning and an end; a branch is named by its road.
ROADS = pairs(
    "建国 Jianguo, 人民 Renmin, 解放 Jiefang, 中山 Zhongshan, 和平 Heping, 长安 Chang'an, 朝阳 Chaoyang,"
    " 东风 Dongfeng, 西苑 Xiyuan, 南湖 Nanhu, 北辰 Beichen, 学院 Xueyuan, 文化 Wenhua, 体育 Tiyu,"
    " 滨江 Binjiang, 花园 Huayuan, 新华 Xinhua, 光明 Guangming, 幸福 Xingfu, 友谊 Youyi, 胜利 Shengli,"
    " 青年 Qingnian, 工人 Gongren, 迎宾 Yingbin, 复兴 Fuxing, 科技 Keji, 天府 Tianfu, 望京 Wangjing,"
    " 中关村 Zhongguancun, 五道口 Wudaokou, 三里屯 Sanlitun, 金融 Jinrong, 会展 Huizhan, 桃园 Taoyuan,"
    " 柳林 Liulin, 石桥 Shiqiao, 龙泉 Longquan, 凤凰 Fenghuang, 白云 Baiyun, 紫荆 Zijing, 梧桐 Wutong,"
    " 银杏 Yinxing, 翠湖 Cuihu, 玉泉 Yuquan, 长乐 Changle, 永安 Yong'an, 太平 Taiping, 安定 Anding,"
    " 德胜 Desheng, 宣武 Xuanwu"
)
ROAD_ENDS = pairs(
    "路 Road, 街 Street, 大道 Avenue, 东路 East Road, 西路 West Road, 南街 South Street, 北街 North Street,"
    " 巷 Lane"
)
DISTRICTS = pairs(
    "东城区 Dongcheng, 西城区 Xicheng, 朝阳区 Chaoyang, 海淀区 Haidian, 丰台区 Fengtai, 石景山区 Shijingshan,"
    " 通州区 Tongzhou, 大兴区 Daxing, 顺义区 Shunyi, 昌平区 Changping, 房山区 Fangshan, 怀柔区 Huairou,"
    " 平谷区 Pinggu, 密云区 Miyun, 延庆区 Yanqing, 门头沟区 Mentougou"
)
CIRCLE_ENDS = pairs("广场 Plaza, 天街 Paradise Walk, 商圈 Quarter, 中心 Centre, 公园 Park")
DEALS = pairs(
    "{}双人套餐 {} Set for Two, {}单人餐 {} for One, {}四人套餐 {} Set for Four,"
    " {}100元代金券 {} 100 Yuan Voucher, {}体验券 {} Trial, {}周末特惠 {} Weekend Special,"
    " {}新客专享 {} for New Guests, {}午市套餐 {} Weekday Noon, {}五次卡 {} Card of Five,"
    " {}节日礼盒 {} Gift Box"
)
HOURS = (
    "Mo-Su 10:00-22:00",
    "Mo-Su 09:00-21:00",
    "Mo-Fr 09:00-20:00; Sa 10:00-18:00",
    "Mo-Su 11:00-14:00,17:00-22:00",
    "Mo-Su 18:00-02:00",
    "Mo-Th 11:00-22:00; Fr-Su 11:00-24:00",
    "Tu-Su 10:00-19:00",
    "Mo-Sa 08:00-18:00; PH off",
    "24/7",
    "Mo-Su 07:00-23:00",
)
