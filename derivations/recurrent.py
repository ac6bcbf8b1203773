"""Layers that walk through time: every step sees the state that the step before it left."""

from derivations.notation import layer

RNN_TANH = layer(
    "rnn_tanh",
    "A state, squashed by tanh, is updated from every input in turn (Elman's network).",
    tensors="x[T, N, D]  h0[N, M]  Wx[D, M]  Wh[M, M]  b[M]  h[T, N, M]",
    equations="""
        h[-1, n, m] = h0[n, m]
        h[t, n, m] = tanh(sum[d](x[t, n, d]*Wx[d, m]) + sum[k](h[t-1, n, k]*Wh[k, m]) + b[m])
    """,
    claims="""
        dh_total[t, n, m] = dh[t, n, m] + sum[k](dh_total[t+1, n, k]*(1 - h[t+1, n, k]**2)*Wh[m, k])  # the carry
        dWx[d, m] = sum[t, n](dh_total[t, n, m]*(1 - h[t, n, m]**2)*x[t, n, d])
        dWh[k, m] = sum[t, n](dh_total[t, n, m]*(1 - h[t, n, m]**2)*h[t-1, n, k])
        db[m] = sum[t, n](dh_total[t, n, m]*(1 - h[t, n, m]**2))
    """,
    source="Elman (1990), Finding Structure in Time, Cognitive Science 14(2)",
)

LSTM = layer(
    "lstm",
    "A cell keeps what the forget gate leaves of it and adds what the input gate lets in; the output gate shows it.",
    tensors="""
        x[T, N, D]  h0[N, M]  c0[N, M]  Wx[D, 4*M]  Wh[M, 4*M]  b[4*M]
        a[T, N, 4*M]  i[T, N, M]  f[T, N, M]  g[T, N, M]  o[T, N, M]  c[T, N, M]  h[T, N, M]
    """,
    equations="""
        h[-1, n, m] = h0[n, m]
        c[-1, n, m] = c0[n, m]
        a[t, n, k] = sum[d](x[t, n, d]*Wx[d, k]) + sum[m](h[t-1, n, m]*Wh[m, k]) + b[k]
        i[t, n, m] = sigmoid(a[t, n, 0*M + m])
        f[t, n, m] = sigmoid(a[t, n, 1*M + m])
        g[t, n, m] = tanh(a[t, n, 2*M + m])
        o[t, n, m] = sigmoid(a[t, n, 3*M + m])
        c[t, n, m] = f[t, n, m]*c[t-1, n, m] + i[t, n, m]*g[t, n, m]
        h[t, n, m] = o[t, n, m]*tanh(c[t, n, m])
    """,
    claims="""
        dh_total[t, n, m] = dh[t, n, m] + sum[k](da[t+1, n, k]*Wh[m, k])
        dc[t, n, m] = dh_total[t, n, m]*o[t, n, m]*(1 - tanh(c[t, n, m])**2) + dc[t+1, n, m]*f[t+1, n, m]
        da[t, n, 0*M + m] = dc[t, n, m]*g[t, n, m]*i[t, n, m]*(1 - i[t, n, m])
        da[t, n, 1*M + m] = dc[t, n, m]*c[t-1, n, m]*f[t, n, m]*(1 - f[t, n, m])
        da[t, n, 2*M + m] = dc[t, n, m]*i[t, n, m]*(1 - g[t, n, m]**2)
        da[t, n, 3*M + m] = dh_total[t, n, m]*tanh(c[t, n, m])*o[t, n, m]*(1 - o[t, n, m])
        dx[t, n, d] = sum[k](da[t, n, k]*Wx[d, k])
        dWx[d, k] = sum[t, n](x[t, n, d]*da[t, n, k])
        dWh[m, k] = sum[t, n](h[t-1, n, m]*da[t, n, k])
        db[k] = sum[t, n](da[t, n, k])
    """,
    source="Hochreiter and Schmidhuber (1997), Long Short-Term Memory, Neural Computation 9(8); with a forget gate",
)

GRU = layer(
    "gru",
    "An update gate mixes the old state with a new one, for which a reset gate hides part of the old.",
    tensors="""
        x[T, N, D]  h0[N, M]  Wx[D, 3*M]  Wh[M, 3*M]  bx[3*M]  bh[3*M]
        u[T, N, 3*M]  v[T, N, 3*M]  r[T, N, M]  z[T, N, M]  g[T, N, M]  h[T, N, M]
    """,
    equations="""
        h[-1, n, m] = h0[n, m]
        u[t, n, k] = sum[d](x[t, n, d]*Wx[d, k]) + bx[k]
        v[t, n, k] = sum[m](h[t-1, n, m]*Wh[m, k]) + bh[k]
        r[t, n, m] = sigmoid(u[t, n, 0*M + m] + v[t, n, 0*M + m])
        z[t, n, m] = sigmoid(u[t, n, 1*M + m] + v[t, n, 1*M + m])
        g[t, n, m] = tanh(u[t, n, 2*M + m] + r[t, n, m]*v[t, n, 2*M + m])
        h[t, n, m] = (1 - z[t, n, m])*g[t, n, m] + z[t, n, m]*h[t-1, n, m]
    """,
    claims="""
        dh_total[t, n, m] = dh[t, n, m] + dh_total[t+1, n, m]*z[t+1, n, m] + sum[k](dv[t+1, n, k]*Wh[m, k])
        du[t, n, 0*M + m] = dr[t, n, m]*r[t, n, m]*(1 - r[t, n, m])
        du[t, n, 1*M + m] = dh_total[t, n, m]*(h[t-1, n, m] - g[t, n, m])*z[t, n, m]*(1 - z[t, n, m])
        du[t, n, 2*M + m] = dh_total[t, n, m]*(1 - z[t, n, m])*(1 - g[t, n, m]**2)
        dr[t, n, m] = dh_total[t, n, m]*(1 - z[t, n, m])*(1 - g[t, n, m]**2)*v[t, n, 2*M + m]
        dv[t, n, 0*M + m] = du[t, n, 0*M + m]
        dv[t, n, 2*M + m] = du[t, n, 2*M + m]*r[t, n, m]    # the reset gate stands after the product
        dWh[m, k] = sum[t, n](h[t-1, n, m]*dv[t, n, k])
    """,
    source="Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder, EMNLP; "
    "PyTorch's variant, with the reset gate after the matrix product",
)
