"""Array operations that pruners share: histograms, percentiles, 1-D k-means, random subsets."""
