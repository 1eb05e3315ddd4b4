//! BERT with a head that says of every token what it is.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use candle_transformers::models::bert::{BertModel, Config};

/// The shape of the network, from `config.json`.
pub(super) fn config(bytes: &[u8]) -> Result<Config, String> {
    let config: Config = serde_json::from_slice(bytes)
        .map_err(|error| format!("it does not describe a BERT that can be used here: {error}"))?;
    if config.model_type.as_deref() != Some("bert") {
        return Err("it is not of the type `bert`; other families are not read".to_owned());
    }
    let heads = config.num_attention_heads;
    if heads == 0 || !config.hidden_size.is_multiple_of(heads) {
        return Err("its heads do not divide its width".to_owned());
    }
    Ok(config)
}

/// The network with its weights.
pub(super) struct Network {
    body: BertModel,
    head: Linear,
}

impl Network {
    /// Puts the weights in their places.
    pub(super) fn load(bytes: Vec<u8>, config: &Config, outputs: usize) -> Result<Self, String> {
        let wrong = |error: candle_core::Error| {
            format!("the weights do not fit config.json: {}", first_line(&error))
        };
        let weights = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu)
            .map_err(wrong)?;
        let head = candle_nn::linear(config.hidden_size, outputs, weights.pp("classifier"));
        let head = head.map_err(wrong)?;
        let body = BertModel::load(weights, config).map_err(wrong)?;
        Ok(Self { body, head })
    }

    /// The probabilities of every output at each of these tokens.
    pub(super) fn probabilities(&self, ids: &[u32]) -> candle_core::Result<Vec<Vec<f32>>> {
        candle_nn::ops::softmax(&self.logits(ids)?, D::Minus1)?.to_vec2()
    }

    /// What the head says before it is a probability.
    pub(super) fn logits(&self, ids: &[u32]) -> candle_core::Result<Tensor> {
        let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        let types = ids.zeros_like()?;
        let hidden = self.body.forward(&ids, &types, None)?;
        self.head.forward(&hidden)?.squeeze(0)
    }
}

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
