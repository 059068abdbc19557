import subprocess
import sys


def test_the_whole_folder_works_without_the_framework() -> None:
    modules = (
        "text",
        *(
            f"japan.{name}"
            for name in [
                "kana",
                "person",
                "company",
                "phone",
                "postal",
                "address",
                "corporate",
                "calendar",
                "mail",
                "values",
            ]
        ),
    )
    script = f"import sys\nfor m in {modules}: __import__(f'noren.core.base.{{m}}')\nsys.exit('django' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", script], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
