"""Lists are read line by line from files that mean well and from files that do not."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.errors import InvalidInput
from app.imports.rules import SourceKind
from app.imports.service.sources import inspect, open_lines

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
BOOK = (
    '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" r:id="r1"/></sheets></workbook>'
)
RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'


def read(path: Path) -> list[list[str]]:
    found = inspect(path)
    with open_lines(path, found.kind, found.format) as lines:
        return [cells for _line, cells in lines]


def workbook(path: Path, sheet: str, **more: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        book.writestr("xl/worksheets/sheet1.xml", SHEET.format(sheet))
        for name, text in more.items():
            book.writestr(f"xl/{name}.xml", text)
    return path


def row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "list"
    rows = [["姓名", "备注"], ["王秀兰", "老客户"], ["李四", ""]]
    path.write_bytes("\r\n".join(delimiter.join(cells) for cells in rows).encode(encoding))
    assert read(path) == rows


def test_traditional_text_is_told_from_simplified(tmp_path: Path) -> None:
    for encoding, text in (("big5", "姓名,電話\n陳麗華,1\n"), ("gb18030", "姓名,电话\n陈丽华,1\n")):
        path = tmp_path / encoding
        path.write_bytes(text.encode(encoding))
        assert read(path)[1] == [text.splitlines()[1].split(",")[0], "1"]


def test_an_excel_file_is_read_with_all_digits_and_formulas_as_values(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["姓名", "手机", "卡号", "公式"])
    sheet.append(["王秀兰", 13800138000, "00123", "=1+1"])
    sheet.append([None, None])
    sheet.append(["李四", 13900139000.0, 0.5, True])
    path = tmp_path / "list.xlsx"
    book.save(path)
    assert read(path) == [
        ["姓名", "手机", "卡号", "公式"], ["王秀兰", "13800138000", "00123"], ["李四", "13900139000", "0.5", "1"],
    ]  # fmt: skip


def test_numbers_as_other_programs_write_them_keep_their_digits(tmp_path: Path) -> None:
    cells = ["1.3800138E10", "1.380013800012E12", "13800138000.0", "3.30106197203011E17"]
    path = workbook(tmp_path / "a.xlsx", row(*(f"<c><v>{cell}</v></c>" for cell in cells)))
    assert read(path) == [["13800138000", "1380013800012", "13800138000", "3.30106197203011E17"]]


def test_texts_that_cells_share_and_inline_texts_are_read(tmp_path: Path) -> None:
    shared = "<sst><si><t>姓</t><r><t>名</t></r><rPh><t>no</t></rPh></si><si><t>王</t></si></sst>"
    sheet = row('<c t="s"><v>0</v></c>', '<c t="inlineStr"><is><t>a</t></is></c>', '<c r="E1" t="s"><v>1</v></c>')
    assert read(workbook(tmp_path / "a.xlsx", sheet, sharedStrings=shared)) == [["姓名", "a", "", "", "王"]]


@pytest.mark.parametrize(
    "sheet",
    [
        row('<c r="ZZZZZ1"><v>1</v></c>'),
        row('<c t="s"><v>7</v></c>'),
        row('<c t="s"><v>x</v></c>'),
        row('<c r="1"><v>1</v></c>'),
        "<row><c><v>1</v>",
    ],
)
def test_a_sheet_that_lies_is_refused(tmp_path: Path, sheet: str) -> None:
    with pytest.raises(InvalidInput):
        read(workbook(tmp_path / "a.xlsx", sheet))


def test_ten_million_columns_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", row("<c><v>1</v></c>" * 100_000))
    with pytest.raises(InvalidInput):
        read(path)


def test_millions_of_empty_rows_and_cells_cost_nothing(tmp_path: Path) -> None:
    sheet = row("<c><v>1</v></c>") + "<row><c/><c/></row>" * 20_000 + row("<c><v>2</v></c>")
    assert read(workbook(tmp_path / "a.xlsx", sheet)) == [["1"], ["2"]]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with book, book.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(120):
            part.write(b" " * 1024 * 1024)
    with pytest.raises(InvalidInput):
        inspect(path)


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>{SHEET.format(row("<c><v>&b;</v></c>"))}'
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        book.writestr("xl/worksheets/sheet1.xml", bomb)
    with pytest.raises(InvalidInput):
        inspect(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x00\x01\x02\x03", b"\n\n"]
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        inspect(path)


@pytest.mark.parametrize("line", ["x," * 600, "x" * 200_000, '"' + "x\n" * 100_000])
def test_a_line_that_never_ends_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"姓名,手机\n{line}\n")
    with pytest.raises(InvalidInput):
        read(path)


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    text = io.StringIO()
    text.writelines(f"a,{place}\n" for place in range(20_000))
    path.write_text(text.getvalue())
    with open_lines(path, SourceKind.CSV, {"encoding": "utf-8", "delimiter": ","}) as lines:
        seen = [lines.progress for _ in lines]
    assert seen == sorted(seen, key=lambda progress: progress or 0)
    assert seen[-1] == 1.0
