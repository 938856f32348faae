"""The words that a synthetic hospital is made of: names in both scripts with their reading, places, work, sources.

All names are combinations of common characters; nobody is meant.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syllable:
    """One part of a name as it is written in Simplified and Traditional Chinese, and read."""

    simplified: str
    reading: str
    traditional: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A region: its code of GB/T 2260 as far down as the list of regions goes, and six digits for id cards."""

    code: str
    id_card: str
    area_code: str
    postcode: str
    name: str


def _syllables(text: str) -> tuple[Syllable, ...]:
    parts = (part.split("/") for part in text.split())
    return tuple(Syllable(part[0], part[1], part[2] if len(part) > 2 else part[0]) for part in parts)


SURNAMES = _syllables(
    "王/wang 李/li 张/zhang/張 刘/liu/劉 陈/chen/陳 杨/yang/楊 黄/huang/黃 赵/zhao/趙 吴/wu/吳 周/zhou 徐/xu "
    "孙/sun/孫 马/ma/馬 朱/zhu 胡/hu 郭/guo 何/he 高/gao 林/lin 罗/luo/羅 郑/zheng/鄭 梁/liang 谢/xie/謝 "
    "宋/song 唐/tang 许/xu/許 韩/han/韓 冯/feng/馮 邓/deng/鄧 曹/cao 彭/peng 曾/zeng 萧/xiao/蕭 田/tian "
    "董/dong 袁/yuan 潘/pan 于/yu 蒋/jiang/蔣 蔡/cai 余/yu 杜/du 叶/ye/葉 程/cheng 苏/su/蘇 魏/wei 吕/lv/呂 "
    "丁/ding 任/ren 沈/shen 姚/yao 卢/lu/盧 姜/jiang 崔/cui 钟/zhong/鍾 谭/tan/譚 陆/lu/陸 汪/wang 范/fan "
    "金/jin 石/shi 廖/liao 贾/jia/賈 夏/xia 韦/wei/韋 付/fu 方/fang 白/bai 邹/zou/鄒 孟/meng 熊/xiong 秦/qin "
    "邱/qiu 江/jiang 尹/yin 薛/xue 闫/yan/閆 段/duan 雷/lei 侯/hou 龙/long/龍 史/shi 陶/tao 黎/li 贺/he/賀 "
    "顾/gu/顧 毛/mao 郝/hao 龚/gong/龔 邵/shao 万/wan/萬 钱/qian/錢 严/yan/嚴 单/shan/單 解/xie 仇/qiu "
    "区/ou/區 欧阳/ouyang/歐陽 司马/sima/司馬 诸葛/zhuge/諸葛 上官/shangguan 皇甫/huangfu"
)
GIVEN_FEMALE = _syllables(
    "秀/xiu 英/ying 桂/gui 兰/lan/蘭 玉/yu 海/hai 燕/yan 晓/xiao/曉 红/hong/紅 雨/yu 桐/tong 欣/xin 怡/yi "
    "梓/zi 萱/xuan 淑/shu 珍/zhen 春/chun 梅/mei 丽/li/麗 华/hua/華 美/mei 玲/ling 素/su 芬/fen 静/jing/靜 "
    "敏/min 婷/ting 娜/na 佳/jia 雪/xue 琳/lin 慧/hui 芳/fang 凤/feng/鳳 云/yun/雲 月/yue 霞/xia 艳/yan/艷 "
    "娟/juan 萍/ping 莉/li 倩/qian 洁/jie/潔 颖/ying/穎 思/si 诗/shi/詩 涵/han 若/ruo 语/yu/語 彤/tong 琪/qi "
    "瑶/yao/瑤 蓉/rong 薇/wei"
)
GIVEN_MALE = _syllables(
    "建/jian 国/guo/國 华/hua/華 志/zhi 强/qiang/強 文/wen 博/bo 子/zi 涵/han 浩/hao 然/ran 俊/jun 杰/jie/傑 "
    "思/si 远/yuan/遠 永/yong 康/kang 明/ming 辉/hui/輝 宏/hong 伟/wei/偉 军/jun/軍 勇/yong 磊/lei 涛/tao/濤 "
    "超/chao 刚/gang/剛 平/ping 德/de 福/fu 林/lin 峰/feng 鹏/peng/鵬 飞/fei/飛 宇/yu 轩/xuan/軒 晨/chen "
    "毅/yi 斌/bin 荣/rong/榮 贵/gui/貴 祥/xiang 庆/qing/慶 学/xue/學 东/dong/東 龙/long/龍 新/xin 家/jia "
    "立/li 成/cheng 卫/wei/衛 波/bo 亮/liang 金/jin 锦/jin/錦"
)
# What a clerk hears or hits instead.
MISHEARD = {
    "玲": "铃", "伟": "炜", "丽": "莉", "莉": "丽", "芳": "方", "明": "铭", "华": "花", "建": "健", "红": "虹",
    "军": "君", "强": "墙", "敏": "闵", "静": "净", "英": "瑛", "燕": "艳", "艳": "燕", "文": "雯", "杰": "洁",
    "志": "智", "涛": "韬", "婷": "亭", "佳": "嘉", "欣": "新", "怡": "宜", "雨": "语", "桐": "彤", "彤": "桐",
    "梓": "紫", "萱": "宣", "浩": "皓", "宇": "雨", "轩": "宣", "晨": "辰", "辉": "晖", "宏": "洪", "鹏": "朋",
    "秀": "绣", "兰": "蓝", "珍": "真", "梅": "玫", "云": "芸", "霞": "侠", "娟": "涓", "琳": "林", "慧": "惠",
    "荣": "容", "峰": "锋", "斌": "彬", "永": "勇", "勇": "永", "康": "抗", "平": "萍", "萍": "平", "国": "囯",
    "学": "雪", "成": "城", "波": "博", "立": "丽", "新": "欣", "春": "椿",
}  # fmt: skip
LATIN_GIVEN = {
    "F": ("Maria", "Anna", "Fatima", "Olga", "Julia", "Emily", "Sofia", "Noor"),
    "M": ("James", "Peter", "Ivan", "Ahmed", "Lucas", "Daniel", "Carlos", "Yusuf"),
}
LATIN_SURNAMES = ("Smith", "García", "Müller", "Ivanova", "O'Brien", "Nguyen", "Rossi", "Kim", "de la Cruz", "Hassan")


def _places(text: str) -> tuple[Place, ...]:
    lines = (line.split() for line in text.strip().splitlines())
    return tuple(Place(code=a, id_card=b, area_code=c, postcode=d, name=e) for a, b, c, d, e in lines)


PLACES = _places("""
330102 330102 0571 310002 浙江省杭州市上城区
330105 330105 0571 310011 浙江省杭州市拱墅区
330106 330106 0571 310013 浙江省杭州市西湖区
330108 330108 0571 310051 浙江省杭州市滨江区
330109 330109 0571 311201 浙江省杭州市萧山区
330110 330110 0571 311100 浙江省杭州市余杭区
330111 330111 0571 311400 浙江省杭州市富阳区
330112 330112 0571 311300 浙江省杭州市临安区
330113 330113 0571 311103 浙江省杭州市临平区
330114 330114 0571 310018 浙江省杭州市钱塘区
330122 330122 0571 311500 浙江省杭州市桐庐县
330127 330127 0571 311700 浙江省杭州市淳安县
330182 330182 0571 311600 浙江省杭州市建德市
3302 330203 0574 315010 浙江省宁波市海曙区
3302 330212 0574 315100 浙江省宁波市鄞州区
3303 330302 0577 325000 浙江省温州市鹿城区
3304 330402 0573 314051 浙江省嘉兴市南湖区
3305 330502 0572 313000 浙江省湖州市吴兴区
3306 330602 0575 312000 浙江省绍兴市越城区
3307 330702 0579 321025 浙江省金华市婺城区
3307 330782 0579 322000 浙江省金华市义乌市
3308 330802 0570 324000 浙江省衢州市柯城区
3309 330902 0580 316000 浙江省舟山市定海区
3310 331002 0576 318000 浙江省台州市椒江区
3311 331102 0578 323000 浙江省丽水市莲都区
310101 310101 021 200001 上海市黄浦区
310104 310104 021 200030 上海市徐汇区
310115 310115 021 200120 上海市浦东新区
110105 110105 010 100020 北京市朝阳区
110108 110108 010 100089 北京市海淀区
3201 320102 025 210018 江苏省南京市玄武区
3205 320508 0512 215031 江苏省苏州市姑苏区
3401 340102 0551 230011 安徽省合肥市瑶海区
3501 350102 0591 350001 福建省福州市鼓楼区
3601 360102 0791 330006 江西省南昌市东湖区
3701 370102 0531 250014 山东省济南市历下区
4101 410105 0371 450003 河南省郑州市金水区
4201 420106 027 430061 湖北省武汉市武昌区
4401 440106 020 510630 广东省广州市天河区
5101 510104 028 610021 四川省成都市锦江区
""")
STREETS = ("文一路", "莫干山路", "庆春路", "凤起路", "学院路", "体育场路", "解放路", "人民路", "中山北路", "建设二路")
WORK_UNITS = (
    "第三中学",
    "公交集团",
    "纺织厂",
    "软件园科技公司",
    "人民银行支行",
    "农贸市场",
    "市政工程处",
    "街道办事处",
)
CLINIC_NUMBER = "+8657187000000"
"""The hospital's own switchboard, which clerks type where a patient gives no number."""
