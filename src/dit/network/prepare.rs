//! What depends on time and class alone, made for some calls at once.

use super::{DitConfig, Epilogue, KernelId, Network};
use crate::kernels::params::{ConditionParams, TimestepParams, elementwise_row};

impl Network<'_> {
    /// Embeds timesteps and labels of the calls that are prepared together, and makes all their
    /// modulations.
    pub(in crate::dit) fn prepare(&mut self) {
        let &DitConfig {
            hidden_size: d,
            frequency_size: features,
            num_classes,
            ..
        } = self.config;
        let rows = self.calls * self.rows;
        let [b, wide] = [u64::from(rows), u64::from(d)];
        let frequencies = self.rec.scratch("features", b * u64::from(features));
        let hidden = self.rec.scratch("time.hidden", b * wide);
        let condition = self.rec.scratch("condition", b * wide);
        let params = TimestepParams {
            batch: rows,
            features,
            max_period: 10_000.0,
            row: elementwise_row(rows * features),
        };
        self.rec.dispatch(
            KernelId::TimestepFeatures,
            params,
            params.workgroups(),
            &[],
            &[self.t, frequencies],
        );
        self.rec.linear(
            "t_embedder.mlp.0",
            [rows, features, d],
            &Epilogue::Silu,
            frequencies,
            hidden,
        );
        self.rec.linear(
            "t_embedder.mlp.2",
            [rows, d, d],
            &Epilogue::None,
            hidden,
            self.times,
        );
        let labels = num_classes + 1;
        let table = self.rec.table(
            "y_embedder.embedding_table.weight",
            u64::from(labels) * wide,
        );
        let params = ConditionParams {
            batch: rows,
            channels: d,
            labels,
            row: elementwise_row(rows * d),
        };
        self.rec.dispatch(
            KernelId::Condition,
            params,
            params.workgroups(),
            &[],
            &[self.times, table, self.y, condition],
        );
        for one in &self.modulations {
            let shape = [rows, d, one.width];
            self.rec
                .linear(&one.layer, shape, &Epilogue::None, condition, one.all);
        }
    }

    /// Brings in what was prepared for one of the calls; with its timestep's embedding on request.
    pub(in crate::dit) fn select(&mut self, call: u32, time: bool) {
        if self.calls == 1 {
            return;
        }
        let first = call * self.rows;
        if time {
            let now = self.time();
            let first = first * self.config.hidden_size;
            self.rec.copy_part(self.times, first, now);
        }
        for one in &self.modulations {
            self.rec.copy_part(one.all, first * one.width, one.now);
        }
    }
}
