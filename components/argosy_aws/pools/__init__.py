"""GPU node pools: launch templates, node groups, capacity, images, repair."""
