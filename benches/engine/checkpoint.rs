//! A checkpoint of flan-t5-small's exact shape with seeded random numbers.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};

const SEED: u64 = 20_240_229;
const WIDTH: usize = 512;
const INNER: usize = 384;
const HIDDEN: usize = 1_024;
const VOCABULARY: usize = 32_128;
const LAYERS: usize = 8;

/// Writes it below `target/`, if it is not there.
pub fn folder() -> std::io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/engine-bench/flan-t5-small-random");
    if folder.join("model.safetensors").exists() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(root.join("tests/golden/t5/flan-tokenizer").join(file), folder.join(file))?;
    }
    let mut random = Random(SEED);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes()
        .into_iter()
        .map(|(name, shape, deviation)| {
            let count = shape.iter().product::<usize>();
            let offset = if name.ends_with("norm.weight") { 1.0 } else { 0.0 };
            let numbers = (0..count).map(|_| offset + deviation * random.normal());
            let bytes = numbers.flat_map(f32::to_le_bytes).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    // A whole file or none: the next run trusts it.
    std::fs::write(folder.join("unfinished"), bytes)?;
    std::fs::rename(folder.join("unfinished"), folder.join("model.safetensors"))?;
    Ok(folder)
}

/// Every tensor with its shape and the scale that T5 is initialised with.
fn shapes() -> Vec<(String, Vec<usize>, f32)> {
    let root = |count: usize| (count as f32).sqrt().recip();
    let mut shapes = vec![
        ("shared.weight".to_owned(), vec![VOCABULARY, WIDTH], 1.0),
        ("lm_head.weight".to_owned(), vec![VOCABULARY, WIDTH], root(WIDTH)),
    ];
    for (stack, feed_forward) in [("encoder", 1), ("decoder", 2)] {
        for layer in 0..LAYERS {
            let block = format!("{stack}.block.{layer}.layer");
            for (index, kind) in [(0, "SelfAttention"), (1, "EncDecAttention")] {
                if index == feed_forward {
                    continue;
                }
                for (part, shape, scale) in [
                    ("q", [INNER, WIDTH], root(WIDTH * 64)),
                    ("k", [INNER, WIDTH], root(WIDTH)),
                    ("v", [INNER, WIDTH], root(WIDTH)),
                    ("o", [WIDTH, INNER], root(INNER)),
                ] {
                    let name = format!("{block}.{index}.{kind}.{part}.weight");
                    shapes.push((name, shape.to_vec(), scale));
                }
            }
            let dense = format!("{block}.{feed_forward}.DenseReluDense");
            for part in ["wi_0", "wi_1"] {
                shapes.push((format!("{dense}.{part}.weight"), vec![HIDDEN, WIDTH], root(WIDTH)));
            }
            shapes.push((format!("{dense}.wo.weight"), vec![WIDTH, HIDDEN], root(HIDDEN)));
            for index in 0..=feed_forward {
                shapes.push((format!("{block}.{index}.layer_norm.weight"), vec![WIDTH], 0.1));
            }
        }
        let bias = "block.0.layer.0.SelfAttention.relative_attention_bias.weight";
        shapes.push((format!("{stack}.{bias}"), vec![32, 6], 1.0));
        shapes.push((format!("{stack}.final_layer_norm.weight"), vec![WIDTH], 0.1));
    }
    shapes
}

/// `SplitMix64`, with normal numbers by the sum of twelve.
pub struct Random(pub u64);

impl Random {
    /// Evenly spread from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f32 {
        ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0) as f32
    }
}
