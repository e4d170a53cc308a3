"""The desk: what is due next, live; one click to acknowledge; a report that says what is wrong with it."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from shared.vocabulary import Role
from tests.lab import Lab, Running
from tests.pages.conftest import OpenPage, log_in, report

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_a_leader_acknowledges_in_one_click_and_every_open_desk_sees_it(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake)
    officer, leader = await open_page(intake.url), await open_page(intake.url)
    await log_in(officer, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await log_in(leader, town.token(Role.LEADER, person="sun_bing"))
    for page in (officer, leader):
        await page.goto(f"/?case={case}")
    row = f"#case-{case} tr[data-duty$=party_in_charge]"
    await expect(officer.locator(row)).to_contain_text("owed")
    await officer.evaluate("window.neverReloaded = true")

    await leader.locator(f"#case-{case} button.main").click()

    await expect(leader.locator(".note.good")).to_contain_text("Your duties in it are settled")
    await expect(leader.locator(row)).to_contain_text("done in time")
    await expect(officer.locator(row)).to_contain_text("done in time")
    await expect(officer.locator("#announce")).to_contain_text("not answered")
    assert await officer.evaluate("window.neverReloaded")


async def test_a_new_case_appears_by_itself_with_its_countdown_running(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))

    case = await report(town, intake, summary="望山县低桥进水", level=None)

    line = page.locator(f"#line-{case}")
    await expect(line).to_contain_text("望山县低桥进水")
    await expect(line).to_contain_text("ungraded")
    countdown = line.locator(".due .count")
    first = await countdown.text_content()
    assert first
    assert first.startswith(("28:00", "27:")), "half an hour from when it was learned of, two minutes ago"
    await expect(countdown).not_to_have_text(first)


async def test_a_duty_officer_logs_a_call_for_each_person_reached(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake)
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.goto(f"/?case={case}")
    row = page.locator(f"#case-{case} tr[data-duty$=gov_main]")

    await row.get_by_role("link", name="Reached by phone").click()
    await expect(page.locator("[data-step] b")).to_be_visible()
    await page.locator("#call-qian_yi-called_at").fill("2031-01-01T00:00")
    await page.locator("#call-qian_yi-number").fill("+86 138 0000 0000")
    await page.locator("#call-qian_yi-note").fill("已报告，市长表示知悉")
    await page.locator("#call-qian_yi button").click()
    await expect(page.locator("#call-qian_yi-called_at-error")).to_be_visible()
    await expect(page.locator("#call-qian_yi-note")).to_have_value("已报告，市长表示知悉")
    await page.locator("#call-qian_yi-called_at").fill("")
    await page.locator("#call-qian_yi button").click()

    await expect(page.locator(".note.good")).to_contain_text("Your call to Qian Yi is written down at")
    await expect(page.locator("[data-unanswered=qian_yi]")).to_have_count(0)
    late: dict[str, str | float | bool] = {
        "person": "qian_yi",
        "called_at": "2031-01-01T00:00",
        "note": "已答复后所填",
    }
    again = await page.request.post(f"/cases/{case}/acknowledge", form=late, headers={"Origin": intake.url})
    assert again.status == 422
    assert "已答复后所填" in await again.text(), "nothing typed is lost where they answered meanwhile"
    await expect(page.locator(f"#case-{case} tr[data-duty$=gov_main]")).to_contain_text("logged call")
    await expect(page.locator("[data-call]")).to_contain_text("…0000")
    await expect(page.locator("[data-call]")).to_contain_text("not a number of theirs in the directory")


async def test_what_is_being_typed_about_a_call_outlives_a_change_of_the_case(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake)
    officer, leader = (
        await open_page(intake.url, viewport={"width": 360, "height": 740}),
        await open_page(intake.url),
    )
    await log_in(officer, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await log_in(leader, town.token(Role.LEADER, person="sun_bing"))
    await officer.goto(f"/cases/{case}")
    mayor = officer.locator("[data-unanswered=qian_yi]")
    await mayor.locator(".why > summary").click()
    await expect(mayor.locator(".why")).to_contain_text("Each of those to whom it is owed has to answer")
    await expect(mayor.locator(".why")).to_contain_text("line")
    chinese = await (await officer.request.get(f"/cases/{case}?lang=zh")).text()
    assert "钱乙、孙丙" in chinese
    assert "确认知悉、电话登记。" in chinese
    await officer.request.get(f"/cases/{case}?lang=en")
    widths = await mayor.locator("> *").evaluate_all("all => all.map(part => part.scrollWidth)")
    reason, room = await mayor.locator(".why").bounding_box(), await mayor.bounding_box()
    assert reason
    assert room
    assert reason["width"] > room["width"] * 0.8, "a telephone's whole width says why"
    assert max(widths) <= room["width"]
    await expect(mayor.locator("a[href^='tel:']")).to_have_count(1)
    await mayor.locator(".call > summary").click()
    await officer.locator("#call-qian_yi-note").fill("正在通话")

    await leader.goto(f"/cases/{case}")
    await leader.locator(f"#case-{case} button.main.big").click()

    await expect(officer.locator("[data-unanswered=sun_bing]")).to_have_count(0)
    await expect(officer.locator("#call-qian_yi-note")).to_have_value("正在通话")
    await expect(officer.locator("#call-qian_yi-note")).to_be_focused()

    await officer.locator(".story .when").last.click()
    await expect(officer.locator("[data-past]")).to_contain_text("This is the past")
    await expect(officer.locator(".beacons")).not_to_contain_text("answered")
    await expect(officer.locator("form[action*=cases]")).to_have_count(0)
    assert await officer.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_report_names_what_is_wrong_keeps_what_was_typed_and_then_gives_a_receipt(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url, locale="zh-CN")
    await log_in(page, town.token(Role.REPORTER, person="han_chen", unit="emergency_bureau"))
    await page.get_by_role("link", name="上报", exact=True).click()
    learned = datetime.now(SHANGHAI) - timedelta(minutes=3)
    await page.locator("#summary").fill("三号罐区起火")
    await page.locator("#occurred_at").fill(f"{learned + timedelta(minutes=2):%Y-%m-%dT%H:%M}")
    await page.locator("#learned_at").fill(f"{learned:%Y-%m-%dT%H:%M}")
    await page.locator("main form.card button.main").click()

    await expect(page.locator("#learned_at-error")).to_contain_text("获知不可能早于发生")
    await expect(page.locator("#faults")).to_contain_text("尚未提交")
    await expect(page.locator("#category-error")).to_be_visible()
    assert await page.locator("#summary").input_value() == "三号罐区起火"

    await page.locator("#category").select_option("accident")
    await page.locator("input[name=level][value=II]").check()
    await page.locator("#occurred_at").fill(f"{learned - timedelta(minutes=5):%Y-%m-%dT%H:%M}")
    await page.locator("main form.card button.main").click()

    await expect(page.locator(".note.good")).to_contain_text("报告已入库")
    await expect(page.locator("main")).to_contain_text("赵甲")
    assert (await page.locator("#receipt").input_value()).count(".") == 2
    await page.get_by_role("link", name="跟踪事项").click()
    limit = learned.replace(second=0, microsecond=0) + timedelta(minutes=30)
    await expect(page.locator("article tr[data-duty^=first_report]").first).to_contain_text(
        f"{limit:%H:%M:%S}"
    )


async def test_an_act_that_lacks_its_reason_is_refused_at_its_field(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake)
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.LEADER, person="zhao_jia"))
    await page.goto(f"/cases/{case}")
    await page.get_by_text("Close", exact=True).click()
    await page.get_by_role("button", name="Close the case").click()
    await expect(page.locator("#closed-text-error")).to_contain_text("can't stay empty")

    await page.locator("#closed-text").fill("Fire out, tank cooled, nobody missing")
    await page.get_by_role("button", name="Close the case").click()

    await expect(page.locator("article .log")).to_contain_text("nobody missing")
    await expect(page.locator("article [data-ending=closed]")).to_contain_text("waits for a second person")


async def test_a_task_is_assigned_handed_in_and_verified_on_the_desk(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake, summary="供热主管道爆裂")
    office, firm = await open_page(intake.url), await open_page(intake.url)
    await log_in(office, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await log_in(firm, town.token(Role.REPORTER, person="lu_hai", unit="heating_company"))
    await office.goto(f"/cases/{case}")
    await office.locator("#assigned > summary").click()
    await office.locator("#assigned-task_title").fill("抢修三号管道")
    await office.locator("#assigned-task_units").select_option("heating_company")
    await office.get_by_role("button", name="Assign", exact=True).click()
    await expect(office.locator("tr[data-task=t1]")).to_contain_text("not accepted yet")

    await firm.goto("/tasks")
    await firm.get_by_role("link", name="供热主管道爆裂").click()
    await firm.locator("#completed > summary").click()
    await firm.locator("#completed-text").fill("已恢复供热")
    await firm.get_by_role("button", name="Hand in: done").click()
    await expect(firm.locator("tr[data-task=t1]")).to_contain_text("waits to be verified")

    await office.goto(f"/cases/{case}")
    await office.locator("#verified > summary").click()
    await office.get_by_role("button", name="Verified: close the task").click()
    await expect(office.locator("tr[data-task=t1]")).to_contain_text("verified and closed")


async def test_the_board_is_narrowed_and_stays_narrowed_while_it_is_live(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.goto("/?kind=petition")
    await report(town, intake, summary="路面塌陷")

    petition = await report(
        town,
        intake,
        summary="征地补偿信访",
        kind="petition",
        unit="petition_office",
        category=None,
        level=None,
    )

    await expect(page.locator(f"#line-{petition}")).to_be_visible()
    assert (
        await page.locator("#cases > li").count()
        == await page.locator("#cases > li:has-text('petition')").count()
    )
    await page.goto("/?show=standing")
    await expect(page.locator("#cases > li").first).to_contain_text("standing watch")


async def test_the_language_is_the_readers_and_stays_chosen(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url, locale="zh-CN")
    await log_in(page, town.token(Role.LEADER, person="sun_bing"))
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("header")).to_contain_text("孙丙")

    await page.get_by_role("link", name="English").click()

    await expect(page.locator("header")).to_contain_text("Sun Bing")
    await page.goto("/")
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_a_page_that_is_no_longer_live_says_so_and_recovers(town: Lab, open_page: OpenPage) -> None:
    frail = await town.start_service("intake")
    page = await open_page(frail.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await expect(page.locator("#lost")).to_be_hidden()

    frail.kill()

    await expect(page.locator("#lost")).to_contain_text("Connection lost")
    await town.start_service("intake", FENGHUO_HTTP_PORT=str(frail.port), wait=False)
    await expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    case = await report(town, frail)
    await expect(page.locator(f"#line-{case}")).to_be_visible()


async def test_the_desk_fits_a_narrow_screen_and_a_wide_one(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(
        town,
        intake,
        summary="A summary in plain words that is rather longer than the screen of any telephone is wide",
    )
    for width in (360, 1600):
        page = await open_page(intake.url, viewport={"width": width, "height": 800})
        await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
        for path in (
            "/",
            f"/?case={case}",
            "/?show=accountability",
            "/?wall=1",
            "/report",
            "/tasks",
            "/roster",
            "/gaps",
            "/roll-call",
            "/roll-call/begin",
            "/suspicions",
        ):
            await page.goto(path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (
                f"{path} is wider than {width}"
            )


async def test_a_report_of_a_moment_ago_is_shown_in_the_offices_zone(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    learned = datetime.now(UTC) - timedelta(minutes=1)
    case = await report(town, intake, learned_at=learned.isoformat())
    page = await open_page(intake.url, timezone_id="America/Santiago")
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.goto(f"/cases/{case}")
    await expect(page.locator("article")).to_contain_text(f"{learned.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}")


async def test_a_roll_call_says_how_many_people_it_asks_before_it_asks_them(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, unit="emergency_office", person="zhang_lai"))
    await page.goto("/roll-call")
    row = page.locator('tr[data-unit="radio_tv"], tr[data-unit="tv_centre"]')
    await expect(row).to_contain_text("not asked yet")
    await row.get_by_role("link", name="Call the roll now").click()
    await expect(page.get_by_text("3 people get a test message now")).to_be_visible()
    await page.get_by_label("Why, for the record").fill("before the festival")
    await page.get_by_role("button", name="Ask 3 people now").click()
    await expect(page.get_by_role("status")).to_contain_text("the test messages go out now")
    await expect(row).to_contain_text("0 / 3")
    await expect(row.get_by_role("link", name="Call the roll now")).to_have_count(0)
    answer = await page.request.get("/roll-call/workbook")
    with zipfile.ZipFile(io.BytesIO(await answer.body())) as book:
        people = book.read("xl/worksheets/sheet1.xml").decode()
    assert people.count("Radio and Television Centre") == 3
    await log_in(page, town.token(Role.REPORTER, unit="tv_centre"))
    await page.goto("/roll-call")
    await expect(page.get_by_role("link", name="Call the roll of all")).to_have_count(0)
