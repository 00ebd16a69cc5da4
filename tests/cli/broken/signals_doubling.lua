local s = steps { { "0s", 1 } }
for _ = 1, 60 do
  s = s * s
end
