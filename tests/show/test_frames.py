"""Tables as files of rows: what pandas, Polars, DuckDB and NumPy read, with the types, and what holds for all rows."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import command
from tools.schemas import COMMANDS, prepare

from cnncost.show.frame import WRITERS, frame
from cnncost.show.table import Column, Table

FIELD = "table alexnet --columns name,kernel,stride,pad,output,rf,field,runs,params_share,intensity,flops,bound --device h100"
LINES = [line for line in COMMANDS if not line.startswith("graph ") and "norms.json" not in line]
LINES += [FIELD, "errors E103", "table inception_v3 --columns name,kernel,pad", "table vit_b_16 --columns name,input,output"]
LINES += ["table resnet110_stochastic --columns name,runs,expected_flops"]
ABOUT_NETWORKS = ("table", "compare", "memory resnet18", "formula", "solve", "sweep", "explain", "check", "diff", "snapshot")


def written(line: str, suffix: str, folder: Path) -> Path:
    done = command(*line.split(), "-o", f"rows.{suffix}", folder=folder)
    assert done.code in (0, 1), done.err
    return folder / f"rows.{suffix}"


def head_of(path: Path) -> dict[str, Any]:
    """Return what a file of Parquet or NPZ, or the one beside a CSV, says of all rows."""
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return json.loads(str(archive["cnncost"]))  # type: ignore[no-any-return]
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return json.loads(pq.read_schema(path).metadata[b"cnncost"])  # type: ignore[no-any-return]
    return json.loads(Path(f"{path}.json").read_text("utf-8"))  # type: ignore[no-any-return]


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV without its total."""
    rows = list(csv.DictReader(StringIO(path.read_text("utf-8"))))
    return rows[:-1] if rows and next(iter(rows[-1].values())) == "total" else rows


def plain(value: Any) -> Any:
    """Return a value that a library read as Python's own."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, np.ndarray) or type(value).__name__ == "Series":
        return [int(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def readings(path: Path) -> Iterator[tuple[str, dict[str, str], list[dict[str, Any]]]]:
    """Iterate over what three libraries read of a Parquet file: types of columns in their words, and rows."""
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    frame = pandas.read_parquet(path, dtype_backend="numpy_nullable")
    rows = [{name: None if row[name] is pandas.NA else plain(row[name]) for name in frame} for row in frame.to_dict("records")]
    yield "pandas", {name: str(dtype) for name, dtype in frame.dtypes.items()}, rows
    read = polars.read_parquet(path)
    yield "polars", {name: str(dtype) for name, dtype in read.schema.items()}, read.to_dicts()
    found = duckdb.sql(f"select * from '{path}'")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    yield "duckdb", dict(zip(found.columns, map(str, found.types), strict=True)), rows


TYPES = {  # what each library calls the types of a Parquet file
    "int64": {"pandas": "Int64", "polars": "Int64", "duckdb": "BIGINT"},
    "double": {"pandas": "Float64", "polars": "Float64", "duckdb": "DOUBLE"},
    "bool": {"pandas": "boolean", "polars": "Boolean", "duckdb": "BOOLEAN"},
    "string": {"pandas": "string", "polars": "String", "duckdb": "VARCHAR"},
    "list<element: int64>": {"pandas": "object", "polars": "List(Int64)", "duckdb": "BIGINT[]"},
}


@pytest.mark.parametrize("line", LINES)
def test_every_table_is_read_back(line: str, tmp_path: Path) -> None:
    """Three libraries read of Parquet what CSV says in text and NPZ in arrays; JSON has the same records and head."""
    pq = pytest.importorskip("pyarrow.parquet")
    prepare(tmp_path)
    path = written(line, "parquet", tmp_path)
    schema = pq.read_schema(path)
    types = dict(zip(schema.names, map(str, schema.types), strict=True))
    data = json.loads(written(line, "json", tmp_path).read_text("utf-8"))
    head = head_of(path)
    assert {name: data[name] for name in head if name != "seconds"} == {k: v for k, v in head.items() if k != "seconds"}
    assert head["version"]
    if line.startswith(ABOUT_NETWORKS):
        about = json.dumps(head)
        assert '"settings"' in about
        assert '"convention' in about or "--claim" in line or "--field" in line  # counted in all of them, or in none
    text = rows_of_csv(written(line, "csv", tmp_path))
    assert head_of(tmp_path / "rows.csv").keys() == head.keys()
    with np.load(written(line, "npz", tmp_path)) as archive:
        arrays = dict(archive)
    assert json.loads(str(arrays["cnncost"])).keys() == head.keys()
    read_as_text(tmp_path / "rows.csv", types)
    records_of_json(tmp_path / "rows.json", data)
    for library, named, rows in readings(path):
        assert {name: named[name] for name in types} == {name: TYPES[of][library] for name, of in types.items()}
        assert len(rows) == len(text)
        for place, (row, said) in enumerate(zip(rows, text, strict=True)):
            for name, of in types.items():
                if not name.endswith("_text"):
                    same(of, row[name], said[name], arrays[name][place])


NUMBERS = {"int64": ("Int64", "BIGINT"), "double": ("Float64", "DOUBLE"), "bool": ("Boolean", "BOOLEAN")}


def read_as_text(path: Path, types: dict[str, str]) -> None:
    """Hold the types that pandas, Polars and DuckDB find in a CSV to those of Parquet; whole fractions may be integers."""
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    frame = pandas.read_csv(path).convert_dtypes()
    read = polars.read_csv(path, infer_schema_length=None)
    found = duckdb.sql(f"select * from read_csv('{path}', sample_size=-1, header=true, delim=',', quote='\"')")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    for name, of in types.items():
        if name.endswith("_text") or of not in NUMBERS or not read[name].is_not_null().any():
            continue
        in_polars, in_duckdb = NUMBERS[of]
        whole = of == "double"
        assert str(read.schema[name]) in (in_polars, *(("Int64",) if whole else ())), name
        assert kinds[name] in (in_duckdb, *(("BIGINT",) if whole else ())), name
        in_pandas = "boolean" if of == "bool" else in_polars
        assert str(frame[name].dtype) in (in_pandas, *(("Int64",) if whole else ())), name


def records_of_json(path: Path, data: dict[str, Any]) -> None:
    """Hold the records that pandas, Polars and DuckDB read of an object of JSON to their numbers."""
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    lists = {key: value for key, value in data.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    for field, records in lists.items():
        numbers = [key for key, value in records[0].items() if {type(each.get(key)) for each in records} == {int}]
        if not numbers:
            continue
        frame = pandas.DataFrame(records)
        assert {str(frame[key].dtype) for key in numbers} == {"int64"}
        read = polars.DataFrame([{key: each[key] for key in numbers} for each in records])
        sums = ", ".join(f'sum("{field}"."{key}")' for key in numbers)
        shape = ", ".join(f'"{key}" bigint' for key in numbers)  # settings called C and c are one name to DuckDB
        source = f"read_json('{path}', columns={{'{field}': 'struct({shape})[]'}})"
        query = f'select {sums} from (select unnest("{field}") as "{field}" from {source})'
        for key, total in zip(numbers, duckdb.sql(query).fetchall()[0], strict=True):
            assert sum(each[key] for each in records) == int(total) == int(frame[key].sum()) == read[key].sum()


def same(of: str, value: Any, said: str, entry: Any) -> None:
    """Hold what a library read of Parquet to what stands in CSV and in an array of NumPy."""
    if value is None:
        assert said == ""
        assert str(entry) in ("", "nan")
    elif of == "int64":
        assert value == int(said) == int(entry)
    elif of == "double":
        assert value == float(said) == float(entry)
    elif of == "bool":
        assert (str(value).lower(), bool(entry)) == (said, value)
    elif of == "string":
        assert value == str(entry)
        assert said in (value, f"'{value}")  # what a spreadsheet would calculate has an apostrophe
    else:
        written = ["x".join(map(str, value)), ",".join(map(str, value)), *([str(value[0])] if len(set(value)) == 1 else [])]
        assert said.removesuffix(" tokens") in written
        assert entry.tolist() == value if entry.shape else str(entry) == written[1]


# ── types in text, numbers past 2^63, refusals ───────────────────────────────────────────────────────────────────────


def test_text_has_its_types_in_three_libraries(tmp_path: Path) -> None:
    """Figures of AlexNet: 61,100,840 parameters (torchvision), 224×224 inputs; whole numbers, fractions and flags by type."""
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    line = "table alexnet --columns name,filters,kernel,exceeds_input,flops_share,params,flops"
    path = written(line, "csv", tmp_path)
    frame = pandas.read_csv(path)
    kinds = {"params": "int64", "flops": "int64", "flops_share": "float64", "filters": "float64"}  # no gaps in pandas' int64
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert frame["params"].iloc[-1] == frame["params"].iloc[:-1].sum() == 61_100_840
    read = polars.read_csv(path)
    assert [str(read.schema[name]) for name in ("filters", "params", "flops_share")] == ["Int64", "Int64", "Float64"]
    assert str(read.schema["exceeds_input"]) == "Boolean"
    found = duckdb.sql(f"select * from read_csv('{path}')")
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    assert [types[name] for name in ("filters", "exceeds_input", "flops_share")] == ["BIGINT", "BOOLEAN", "DOUBLE"]
    layers = json.loads(written(line, "json", tmp_path).read_text("utf-8"))["layers"]
    assert str(pandas.DataFrame(layers)["params"].dtype) == "int64"
    assert polars.DataFrame([{key: each[key] for key in ("name", "params")} for each in layers])["params"].sum() == 61_100_840
    rows = duckdb.sql(f"select sum(each.params) from (select unnest(layers) as each from read_json('{tmp_path}/rows.json'))")
    assert rows.fetchall() == [(61_100_840,)]


HUGE = "table lenet5 --batch 100000000000000 --columns name,flops,memory"


def test_numbers_past_int64(tmp_path: Path) -> None:
    """Decimals in Parquet, digits in CSV and JSON; NPZ, which has no such type, is refused with a remedy that works."""
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    pytest.importorskip("pyarrow")
    one = json.loads(written("table lenet5", "json", tmp_path).read_text("utf-8"))["layers"]
    wanted = [each["activation_bytes"] * 10**14 for each in one]
    assert max(wanted) < 2**63 < 10**14 * max(each["flops"] for each in one)
    flops = [each["flops"] * 10**14 for each in one]
    path = written(HUGE, "parquet", tmp_path)
    assert [int(value) for value in pandas.read_parquet(path)["flops"]] == flops
    assert [int(value) for value in polars.read_parquet(path)["flops"]] == flops
    assert [int(value) for (value,) in duckdb.sql(f"select flops from '{path}'").fetchall()] == flops
    assert polars.read_parquet(path)["activation_bytes"].to_list() == wanted
    text = written(HUGE, "csv", tmp_path)
    assert [int(row["flops"]) for row in rows_of_csv(text)] == flops
    assert pandas.read_csv(text)["flops"].tolist()[:-1] == flops
    assert polars.read_csv(text)["flops"].to_list()[:-1] == flops
    assert [value for (value,) in duckdb.sql(f"select flops from '{text}'").fetchall()[:-1]] == flops
    records = json.loads(written(HUGE, "json", tmp_path).read_text("utf-8"))["layers"]
    assert [each["flops"] for each in records] == pandas.DataFrame(records)["flops"].tolist() == flops
    done = command(*HUGE.split(), "-o", "rows.npz", folder=tmp_path)
    assert done.code == 2
    assert "2^63, which .npz files cannot hold" in done.err
    assert "name a file .parquet, .csv or .json" in done.err
    assert not (tmp_path / "rows.npz").exists()


def test_a_fraction_is_a_float_with_its_text(tmp_path: Path) -> None:
    """ResNet-110 with stochastic depth: block l of 54 survives with 1 - l/108 (Huang et al., arXiv:1603.09382, equation 4)."""
    with np.load(written("table resnet110_stochastic --columns name,runs", "npz", tmp_path)) as archive:
        runs, texts = archive["runs"], archive["runs_text"]
    assert runs.dtype == np.float64
    assert {"107/108", "1/2", "1"} <= set(texts.tolist())
    assert runs[texts.tolist().index("107/108")] == 107 / 108


def test_gaps_are_no_zeros(tmp_path: Path) -> None:
    with np.load(written("table alexnet", "npz", tmp_path)) as archive:
        kinds, filters = archive["kind"], archive["filters"]
    assert np.isnan(filters[kinds == "max_pool"]).all()
    assert filters[kinds == "conv"].tolist() == [64, 192, 384, 256, 256]


def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = command("table", "lenet5", "-o", "rows.parket", folder=tmp_path)
    assert (done.code, "did you mean '.parquet'?" in done.err) == (2, True)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = command("memory", "lenet5", "-o", "rows.parquet", folder=tmp_path)
    assert (done.code, done.err) == (2, "error: Parquet files need pyarrow\n  install it: pip install 'cnncost[sweep]'\n")
    assert list(tmp_path.iterdir()) == []
    code = "import sys; sys.modules['pyarrow.parquet'] = None; import cnncost.__main__ as program\n"
    code += "sys.argv = 'cnncost ops -o x.parquet'.split()\n"
    code += "try: program.main()\nexcept SystemExit: print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert told.stdout == "False\n"  # a refusal is quick


def test_columns_of_one_name_are_told_apart_and_odd_names_arrive(tmp_path: Path) -> None:
    table = Table.of((Column("cnncost", "a"), Column("x", "b"), Column("x", "c")), [{"cnncost": "\udc80", "x": 1}])
    with (tmp_path / "x.npz").open("wb") as file:
        WRITERS["npz"](frame(table), file)
    with np.load(tmp_path / "x.npz") as archive:
        assert archive.files == ["cnncost", "cnncost_2", "x", "x_2"]
        assert archive["cnncost_2"].tolist() == [r"\udc80"]
    pq = pytest.importorskip("pyarrow.parquet")
    with (tmp_path / "x.parquet").open("wb") as file:
        WRITERS["parquet"](frame(table), file)
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [{"cnncost_2": r"\udc80", "x": 1, "x_2": 1}]


def test_devices_get_no_file_beside_them(tmp_path: Path) -> None:
    assert command("table", "lenet5", "-o", "/dev/null", "--format", "csv", folder=tmp_path).code == 0
    assert not Path("/dev/null.json").exists()
