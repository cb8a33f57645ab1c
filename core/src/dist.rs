//! Distributions of execution times, over `libm` only, so that a draw is the same number natively and in every browser.

use crate::registry::{Args, Choice, Domain, Entry, Param, find};
use crate::rng::Stream;

const MS_MAX: f64 = 86_400_000.0;

const MEAN: Param = Param {
    name: "mean_ms",
    label: "Mean",
    unit: "ms",
    help: "The mean of the distribution.",
    domain: Domain::Number { default: 100.0, min: 0.0, max: MS_MAX },
};

const fn ms(name: &'static str, label: &'static str, default: f64) -> Param {
    Param {
        name,
        label,
        unit: "ms",
        help: "A bound of the distribution.",
        domain: Domain::Number { default, min: 0.0, max: MS_MAX },
    }
}

/// Every distribution that an execution time can have.
pub const REGISTRY: &[&Entry] = &[
    &Entry {
        kind: "constant",
        name: "Constant",
        summary: "Every execution takes the same time.",
        source: "The deterministic service time of M/D/1.",
        params: &[MEAN],
        decides: &[],
    },
    &Entry {
        kind: "exponential",
        name: "Exponential",
        summary: "Memoryless: P(X > x) = exp(-x / mean).",
        source: "The service time of M/M/1 and M/M/c.",
        params: &[MEAN],
        decides: &[],
    },
    &Entry {
        kind: "lognormal",
        name: "Lognormal",
        summary: "The logarithm is normal: most executions are short, a few are long.",
        source: "Shahrad et al., ATC 2020, fit a lognormal to the mean execution times of Azure Functions.",
        params: &[
            MEAN,
            Param {
                name: "sigma",
                label: "Sigma",
                unit: "",
                help: "Standard deviation of the logarithm; 0 is constant, 1 varies about tenfold.",
                domain: Domain::Number { default: 0.8, min: 0.0, max: 5.0 },
            },
        ],
        decides: &[],
    },
    &Entry {
        kind: "uniform",
        name: "Uniform",
        summary: "Any time between two bounds is equally likely.",
        source: "Textbook.",
        params: &[ms("min_ms", "From", 50.0), ms("max_ms", "To", 150.0)],
        decides: &[],
    },
    &Entry {
        kind: "pareto",
        name: "Bounded Pareto",
        summary: "A heavy tail between two bounds: P(X > x) falls as x to the power -alpha.",
        source: "Harchol-Balter, Performance Modeling and Design of Computer Systems, 2013.",
        params: &[
            ms("min_ms", "From", 10.0),
            ms("max_ms", "To", 10_000.0),
            Param {
                name: "alpha",
                label: "Alpha",
                unit: "",
                help: "The tail's exponent; the smaller, the heavier. 1.1 is usual for computing jobs.",
                domain: Domain::Number { default: 1.1, min: 0.05, max: 10.0 },
            },
        ],
        decides: &[],
    },
    &Entry {
        kind: "weibull",
        name: "Weibull",
        summary: "P(X > x) = exp(-(x / scale)^shape), given by its mean.",
        source: "Textbook.",
        params: &[MEAN, SHAPE],
        decides: &[],
    },
    &Entry {
        kind: "gamma",
        name: "Gamma",
        summary: "A sum of exponential stages; shape 1 is exponential, larger shapes vary less.",
        source: "Drawn as in Marsaglia and Tsang, 2000.",
        params: &[MEAN, SHAPE],
        decides: &[],
    },
];

const SHAPE: Param = Param {
    name: "shape",
    label: "Shape",
    unit: "",
    help: "1 is exponential, below 1 varies more, above 1 less.",
    domain: Domain::Number { default: 2.0, min: 0.1, max: 100.0 },
};

/// A distribution ready to draw from, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// Given by its mean.
    Exponential(f64),
    /// The logarithm has mean `mu` and standard deviation `sigma`.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Between two bounds.
    Uniform(f64, f64),
    /// Bounded Pareto.
    Pareto {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
        /// The tail's exponent.
        alpha: f64,
    },
    /// Scale and shape.
    Weibull(f64, f64),
    /// Scale and shape.
    Gamma(f64, f64),
}

impl Distribution {
    /// From a validated choice; an unknown kind is constant 0, which validation does not let through.
    pub fn new(choice: &Choice) -> Distribution {
        let Some(entry) = find(REGISTRY, &choice.kind) else { return Distribution::Constant(0.0) };
        let args = Args::new(choice, entry);
        match entry.kind {
            "exponential" => Distribution::Exponential(args.number("mean_ms")),
            "lognormal" => {
                let sigma = args.number("sigma");
                Distribution::Lognormal { mu: libm::log(args.number("mean_ms")) - sigma * sigma / 2.0, sigma }
            }
            "uniform" => Distribution::Uniform(args.number("min_ms"), args.number("max_ms")),
            "pareto" => {
                Distribution::Pareto { min: args.number("min_ms"), max: args.number("max_ms"), alpha: args.number("alpha") }
            }
            "weibull" => {
                let shape = args.number("shape");
                Distribution::Weibull(args.number("mean_ms") / libm::tgamma(1.0 + 1.0 / shape), shape)
            }
            "gamma" => {
                let shape = args.number("shape");
                Distribution::Gamma(args.number("mean_ms") / shape, shape)
            }
            _ => Distribution::Constant(args.number("mean_ms")),
        }
    }

    /// Draws one value, in milliseconds, never negative.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        match *self {
            Distribution::Constant(x) => x,
            Distribution::Exponential(mean) => -mean * libm::log(stream.positive()),
            Distribution::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal(stream)),
            Distribution::Uniform(a, b) => a + (b - a) * stream.uniform(),
            Distribution::Pareto { min, max, alpha } => {
                if min <= 0.0 || min >= max {
                    return min;
                }
                let cut = 1.0 - libm::pow(min / max, alpha);
                min / libm::pow(1.0 - stream.uniform() * cut, 1.0 / alpha)
            }
            Distribution::Weibull(scale, shape) => scale * libm::pow(-libm::log(stream.positive()), 1.0 / shape),
            Distribution::Gamma(scale, shape) => scale * gamma(stream, shape),
        }
    }

    /// The mean, in milliseconds.
    pub fn mean(&self) -> f64 {
        match *self {
            Distribution::Constant(x) | Distribution::Exponential(x) => x,
            Distribution::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Distribution::Uniform(a, b) => (a + b) / 2.0,
            Distribution::Pareto { min, max, alpha } => {
                if min <= 0.0 || min >= max {
                    return min;
                }
                let r = min / max;
                if (alpha - 1.0).abs() < 1e-9 {
                    return min * -libm::log(r) / (1.0 - r);
                }
                let cut = 1.0 - libm::pow(r, alpha);
                alpha * min / (alpha - 1.0) * (1.0 - libm::pow(r, alpha - 1.0)) / cut
            }
            Distribution::Weibull(scale, shape) => scale * libm::tgamma(1.0 + 1.0 / shape),
            Distribution::Gamma(scale, shape) => scale * shape,
        }
    }
}

/// A standard normal draw (Box and Muller, one of the pair).
fn normal(stream: &mut Stream) -> f64 {
    let r = libm::sqrt(-2.0 * libm::log(stream.positive()));
    r * libm::cos(2.0 * std::f64::consts::PI * stream.uniform())
}

/// A gamma draw of scale 1 (Marsaglia and Tsang).
fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(stream, shape + 1.0) * libm::pow(stream.positive(), 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = normal(stream);
        let v = 1.0 + c * x;
        if v > 0.0 {
            let v = v * v * v;
            if libm::log(stream.positive()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_has_the_mean_it_says() {
        for entry in REGISTRY {
            let d = Distribution::new(&Choice::of(entry.kind));
            let mut stream = Stream::new(3, entry.kind, "mean");
            let n = 400_000;
            let mean = (0..n).map(|_| d.sample(&mut stream)).sum::<f64>() / f64::from(n);
            let said = d.mean();
            assert!((mean / said - 1.0).abs() < 0.05, "{}: {mean} {said}", entry.kind);
        }
    }
}
