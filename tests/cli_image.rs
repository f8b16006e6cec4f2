//! `mixup train|compare image`, what is done with a run, and `mixup preview`.
#![cfg(feature = "cli")]

#[path = "common/program.rs"]
mod program;

use anyhow::{Context, Result, ensure};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use program::Desk;
use serde_json::Value;

const QUICK: &str = "--model mlp --hidden 16 --steps 30 --batch 16 --quiet";

fn png(picture: impl Into<DynamicImage>) -> Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Bright below or bright above, every picture another.
fn picture(class: usize, i: usize) -> GrayImage {
    GrayImage::from_fn(6, 4, |x, y| {
        let bright = (y < 2) == (class == 0);
        let noise = ((i * 31 + x as usize * 7 + y as usize * 13) % 40) as u8;
        Luma([if bright { 200 } else { 20 } + noise])
    })
}

/// 60 pictures of two classes.
fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    for i in 0..30 {
        for (class, name) in ["above", "below"].iter().enumerate() {
            desk.write(&format!("set/{name}/{i:02}.png"), png(picture(class, i))?)?;
        }
    }
    Ok(desk)
}

#[test]
fn a_run_on_pictures_is_scored_again_and_labels_new_ones() -> Result<()> {
    let desk = desk()?;
    let json = desk.prints(&format!(
        "train image --data set {QUICK} --mix cutmix --augment flip --out r --json"
    ))?;
    for field in ["settings", "version", "data", "history", "test", "seconds"] {
        ensure!(!json[field].is_null(), "{field}");
    }
    ensure!(json["linearity"]["sites"][0]["site"] == "input" && json["data"]["rows"] == 60);
    ensure!(json["data"]["test_rows"] == 12 && json["data"]["skipped_images"] == 0);
    ensure!(
        json["test"]["accuracy"].as_f64().context("accuracy")? > 0.9,
        "{}",
        json["test"]
    );
    let waited = json["waited_share"].as_f64().context("a share")?;
    ensure!((0.0..=1.0).contains(&waited));
    let names = desk.names("r")?;
    for file in [
        "config.json",
        "history.jsonl",
        "metrics.json",
        "model.safetensors",
        "report.html",
    ] {
        ensure!(names.iter().any(|n| n == file), "{file} in {names:?}");
    }
    let again = desk.prints("evaluate r --json")?;
    ensure!(
        again["test"] == json["test"],
        "{} {}",
        again["test"],
        json["test"]
    );
    for (i, class) in [(40, 1), (41, 0), (42, 1)] {
        desk.write(&format!("new/{i}.png"), png(picture(class, i))?)?;
    }
    let told = desk.succeeds("predict r --data new --quiet")?;
    let lines: Vec<&str> = told.lines().collect();
    ensure!(
        lines.len() == 4 && lines[0] == "row,image,label,probability,above,below",
        "{told}"
    );
    for (line, (file, label)) in lines[1..].iter().zip([
        ("40.png", "below"),
        ("41.png", "above"),
        ("42.png", "below"),
    ]) {
        let cells: Vec<&str> = line.split(',').collect();
        ensure!(cells[1].ends_with(file) && cells[2] == label, "{line}");
        let shares = [cells[4].parse::<f64>()?, cells[5].parse::<f64>()?];
        ensure!((shares[0] + shares[1] - 1.0).abs() < 1e-5, "{line}");
    }
    let json = desk.succeeds("predict r --data new --json --quiet")?;
    let first: Value = serde_json::from_str(json.lines().next().context("a line")?)?;
    ensure!(first["label"] == "below" && first["probabilities"]["below"].is_number());
    desk.write("wide/1.png", png(GrayImage::new(9, 9))?)?;
    desk.refuses(
        1,
        "predict r --data wide",
        &["images of 1x9x9", "trained on 1x4x6", "--resize"],
    )?;
    desk.succeeds("predict r --data wide --resize 4x6 --quiet")?;
    desk.refuses(
        2,
        "predict r --data new --text body",
        &["--text is for texts", "images"],
    )
}

#[test]
fn white_is_white_whatever_number_stands_for_it() -> Result<()> {
    let desk = Desk::new()?;
    let table = |white: usize| {
        let row = |i: usize| {
            let pixels = (0..4).map(|p| ((i / 2 + p * i) % 5 * white / 4).to_string());
            let first = if i.is_multiple_of(2) { 0 } else { white };
            format!(
                "{},{first},{}\n",
                ["dark", "light"][i % 2],
                pixels.skip(1).collect::<Vec<_>>().join(",")
            )
        };
        format!("label,a,b,c,d\n{}", (0..40).map(row).collect::<String>())
    };
    desk.write("four.csv", table(4))?;
    desk.write("large.csv", table(200))?;
    desk.succeeds(&format!(
        "train image --data four.csv --white 4 {QUICK} --out r"
    ))?;
    let one = desk.prints("evaluate r --data four.csv --json")?;
    // The run's white is 4: that of other tables is taken from it too, and 200 is above it.
    desk.refuses(
        1,
        "evaluate r --data large.csv --json",
        &["large.csv", "200"],
    )?;
    ensure!(one["rows"] == 40);
    let grey = |i: usize| {
        GrayImage::from_fn(2, 2, |x, y| {
            let p = (y * 2 + x) as usize;
            let value = if p == 0 {
                if i.is_multiple_of(2) { 0 } else { 4 }
            } else {
                (i / 2 + p * i) % 5
            };
            Luma([(value * 255 / 4) as u8])
        })
    };
    for i in 0..40 {
        desk.write(
            &format!("p/{}/{i:02}.png", ["dark", "light"][i % 2]),
            png(grey(i))?,
        )?;
    }
    let other = desk.prints("evaluate r --data p --json")?;
    let loss = |json: &Value| json["test"]["log_loss"].as_f64().context("log loss");
    ensure!((loss(&one)? - loss(&other)?).abs() < 0.01, "{one} {other}");
    Ok(())
}

#[test]
fn a_stopped_run_goes_on_bit_for_bit_with_running_statistics() -> Result<()> {
    let desk = Desk::new()?;
    let command = |out: &str| {
        format!(
            "train image --model cnn --widths 4,6 --steps 300 --batch 32 --augment crop=1,noise=0.1 --mix mixup-cutmix --quiet --out {out} --checkpoint-every 0"
        )
    };
    desk.succeeds(&command("whole"))?;
    let mut child = desk.command(&command("part")).spawn()?;
    let checkpoint = desk.at("part/checkpoint.safetensors");
    for _ in 0..6000 {
        if checkpoint.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    ensure!(checkpoint.exists(), "killed while it ran");
    desk.refuses(
        1,
        &format!("{} --resume --lr 0.5", command("part")),
        &["rate"],
    )?;
    desk.succeeds(&format!("{} --resume --threads 1", command("part")))?;
    for file in ["model.safetensors", "history.jsonl", "config.json"] {
        let (a, b) = (
            desk.read(&format!("whole/{file}"))?,
            desk.read(&format!("part/{file}"))?,
        );
        ensure!(a == b, "{file} is another after the resume");
    }
    let resumed = &desk.json("part/metrics.json")?["resumed_at"];
    ensure!(resumed.as_u64().is_some_and(|step| step > 0), "{resumed}");
    Ok(())
}

#[test]
fn arms_share_everything_but_what_they_do() -> Result<()> {
    let desk = desk()?;
    desk.write(
        "twin.json",
        r#"{"name": "twin", "probability": 0, "sites": []}"#,
    )?;
    let json = desk.prints(&format!(
        "compare image --data set {QUICK} --per-class 6 --seeds 2 --arms none,twin.json,manifold,cutmix --json --out c"
    ))?;
    let arms = json["arms"].as_array().context("arms")?;
    ensure!(json["metric"] == "accuracy" && arms.len() == 4);
    let tests = |arm: usize| [0, 1].map(|run| &arms[arm]["runs"][run]["test"]);
    ensure!(tests(0) == tests(1));
    ensure!(tests(0)[0] != tests(3)[0] && tests(0)[1] != tests(3)[1]);
    ensure!(desk.names("c")?.iter().any(|n| n == "report.html"));
    let shown = desk.succeeds(&format!(
        "compare image --data set {QUICK} --per-class 6 --seeds 2 --arms none,twin.json,manifold,cutmix --out c --resume"
    ))?;
    ensure!(
        shown.contains("manifold") && shown.contains("accuracy"),
        "{shown}"
    );
    desk.refuses(
        1,
        "evaluate c",
        &["compare image", "only a 'mixup train' run"],
    )
}

#[test]
fn bad_images_and_bad_requests_are_named() -> Result<()> {
    let desk = desk()?;
    desk.write("mixed/a/1.png", png(GrayImage::new(3, 3))?)?;
    desk.write("mixed/b/1.png", png(GrayImage::new(3, 4))?)?;
    desk.refuses(1, "train image --data mixed", &["b/1.png", "3x3", "4x3"])?;
    desk.write("colour/a/1.png", png(GrayImage::new(3, 3))?)?;
    desk.write("colour/b/1.png", png(RgbImage::new(3, 3))?)?;
    desk.refuses(1, "train image --data colour", &["b/1.png", "channels"])?;
    let whole = png(picture(0, 99))?;
    desk.write("set/above/99.png", &whole[..whole.len() / 2])?;
    desk.refuses(1, "train image --data set", &["above/99.png"])?;
    let json = desk.prints(&format!(
        "train image --data set --skip-bad {QUICK} --json --out r"
    ))?;
    ensure!(json["data"]["skipped_images"] == 1 && json["data"]["rows"] == 60);
    desk.write("lone/a/1.png", png(picture(0, 0))?)?;
    desk.write("lone/b/1.png", png(picture(1, 0))?)?;
    desk.write("lone/b/2.png", png(picture(1, 1))?)?;
    desk.refuses(1, "train image --data lone", &["class 'a' has 1 row"])?;
    desk.refuses(1, "train image --data nowhere", &["nowhere"])?;
    desk.refuses(2, "train image --mix pca", &["preset 'pca' is for tables"])?;
    desk.refuses(
        2,
        "train image --mix hidden --model linear",
        &["no site hidden"],
    )?;
    desk.refuses(
        2,
        "train image --model cnn --hidden 3",
        &["--hidden is for --model mlp"],
    )?;
    desk.refuses(2, "train image --augment crop=9", &["crop", "8 pixels"])?;
    desk.refuses(2, "train image --augment turn=9", &["turn"])?;
    desk.refuses(
        2,
        "train image --per-class 0",
        &["--per-class must be at least 1"],
    )?;
    desk.refuses(2, "train image --resize 4x4", &["resize", "PNG and JPEG"])?;
    desk.refuses(1, "train image --per-class 400", &["400"])
}

#[test]
fn a_contact_sheet_shows_what_a_step_sees() -> Result<()> {
    let desk = desk()?;
    let json =
        desk.prints("preview set --mix cutmix --step 1 --batch 16 --show 3 --out s.png --json")?;
    let pairs = json["pairs"].as_array().context("pairs")?;
    ensure!(pairs.len() == 3 && json["step"] == 1);
    let sheet = image::load_from_memory(&desk.read("s.png")?)?.to_rgb8();
    for pair in pairs {
        let of = pair["box"].as_array().context("a box")?;
        let side = |k: usize| of[k].as_u64().unwrap_or(0) as f64;
        let kept = 1.0 - side(2) * side(3) / 24.0;
        ensure!(
            (pair["weight"].as_f64().context("a weight")? - kept).abs() < 1e-12,
            "{pair}"
        );
    }
    ensure!(sheet.width() > 300 && sheet.height() > 100);
    desk.refuses(2, "preview set --out s.png", &["s.png", "--force"])?;
    desk.refuses(
        2,
        "preview set --step 100000 --out t.png",
        &["--step must be below"],
    )?;
    desk.refuses(
        2,
        "preview set --mix samplepairing --step 0 --out t.png",
        &["step 0 is plain"],
    )?;
    desk.refuses(
        2,
        "preview set --mix hidden --out t.png",
        &["no step mixes at the input"],
    )?;
    ensure!(!desk.at("t.png").exists());
    desk.succeeds("preview set --mix samplepairing --out t.png")?;
    let text = desk.succeeds("preview @digits --mix mixup --show 2 --out d.png")?;
    ensure!(
        text.contains("@digits, image") && text.contains("sheet d.png"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_schedule_can_be_looked_at_for_images() -> Result<()> {
    let desk = Desk::new()?;
    let json = desk.prints("schedule --mix cutmix --for image --size 8x6 --steps 3 --json")?;
    ensure!(
        json["steps"][0]["plan"]["blend"]["box"]["frame"]["width"] == 6,
        "{json}"
    );
    let tables = desk.prints("schedule --mix cutmix --for table --steps 3 --json")?;
    ensure!(tables["steps"][0]["plan"]["blend"]["columns"].is_object());
    desk.refuses(2, "schedule --mix cutmix --for text", &["tables or images"])
}
