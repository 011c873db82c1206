"""The networks. A reader of the book begins here: norms, then lenet.

norms        batch norm written out as in the book; every norm by the axes it averages
lenet        build_lenet: the chapter's network with named layers, and its initial weights
gru          a small GRU that reads an image row by row
fast         torch.nn's pooling, norms of maps and convolution, the same in less time on a CPU, or torch.nn's
shortcuts    what all of these assume; computed in fast_pooling, fast_norms, fast_convolution
images_last  a tensor of [N, C, H, W] that lies in memory as [C, H, W, N]
card         the same for a CUDA card
"""
