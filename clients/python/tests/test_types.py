"""What mypy makes of a program that uses the library."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest


def mypy(source):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "program.py")
        file.write_text(textwrap.dedent(source))
        ran = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", directory, str(file)], capture_output=True, text=True)
        return ran.returncode, ran.stdout


class Types(unittest.TestCase):
    def test_a_program_that_is_right_passes(self):
        code, out = mypy("""
            import asyncio
            import mecene

            def main() -> None:
                options = mecene.Options(timeout=3)
                with mecene.Client("tcp://127.0.0.1:7437", options) as client:
                    account = client.account_service.open_account(name="anna", budget_micros=10_000_000).account
                    number: int = account.id
                    for page in client.account_service.list_accounts_pages():
                        names: list[str] = [a.name for a in page.accounts]
                    try:
                        client.click_service.click(patron={"id": number}, thing={"url": "https://example.org/"})
                    except mecene.MeceneError as error:
                        reason: mecene.Reason | int = error.reason
                        again: bool = reason == mecene.Reason.NAME_TAKEN or error.in_doubt

            async def later() -> None:
                async with mecene.AsyncClient() as client:
                    shown: int = (await client.health.check()).status

            asyncio.run(later())
            """)
        self.assertEqual(code, 0, out)

    def test_a_misspelt_field_a_wrong_kind_and_an_unknown_call_are_told(self):
        code, out = mypy("""
            import mecene

            client = mecene.Client()
            client.account_service.open_account(nme="anna")
            client.account_service.open_account(name=5)
            client.account_service.opn_account()
            client.account_service.get_account(account={"id": 1}).acount
            """)
        self.assertEqual(code, 1)
        for line in (5, 6, 7, 8):
            self.assertIn(f"program.py:{line}: error", out)


if __name__ == "__main__":
    unittest.main()
