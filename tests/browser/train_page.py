"""What a visitor does on the Train page, for all files that need a run."""

from playwright.sync_api import Page

SHORT = "/?data=digits&examples=320&batch=32&epochs=2&lr=0.5&seed=3"
TINY = "/?data=digits&examples=64&batch=32&epochs=1&seed=3"  # two steps
ONE_DIVERGES = (
    "/?data=digits&examples=640&batch=64&epochs=2&act=relu&init=he&arms=none,bn,bn:book:dropout=0.5,none:lr=10000"
)
LONG = "/?data=digits&examples=1400&batch=8&epochs=200&lr=0.1"

ARRIVED = """name => [...document.querySelectorAll('[data-testid=stSidebarNavLink][aria-current=page]')]
    .some(link => link.textContent.includes(name) && link.pathname === location.pathname)"""


def status(page: Page, *words: str) -> None:
    """Wait until the worker has confirmed one of these statuses."""
    # Asked at every frame; expect() asks once a second.
    reached = "words => words.includes(document.querySelector('.ns-train')?.dataset.status)"
    page.wait_for_function(reached, arg=words, timeout=60_000)


def start(page: Page) -> None:
    page.get_by_role("button", name="Start training").click()
    status(page, "running", "finished", "failed")


def finish(page: Page) -> None:
    page.get_by_role("button", name="Start training").click()
    status(page, "finished")


def press(page: Page, what: str) -> None:
    page.locator(f"button[data-do={what}]").first.click()


def go(page: Page, name: str) -> None:
    """To another page by the sidebar, which keeps the visitor's run; nothing where the page is open already.

    Streamlit marks the link before the address has changed: who reloads in between is back on the page before.
    """
    link = page.get_by_test_id("stSidebarNavLink").filter(has_text=name)
    if link.get_attribute("aria-current") != "page":
        link.click()
    page.wait_for_function(ARRIVED, arg=name)


def hear(page: Page) -> None:
    """Wait until the page has taken the answers that were sent to it before, and has drawn."""
    frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(f"fetch('/_stcore/health').then(answer => answer.text()).then(() => {frames})")


def answer_no_more(page: Page) -> None:
    """The server answers again what the test has answered; what it is answering now, it ends first.

    (`page.unroute` alone lets such a request go, and the answer that then comes is an error: "already handled".)
    """
    page.unroute_all(behavior="wait")


def settle(page: Page) -> None:
    """Wait for the script's end: what is typed into a rerun can be lost, or come after what was done later."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
