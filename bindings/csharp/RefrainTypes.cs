// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The numbers and structs of include/refrain.h. See Refrain.cs.
#pragma warning disable 169, 649 // fields that only the library writes
using System;
using System.Runtime.InteropServices;

namespace Refrain
{
    /// <summary>What a function of the library returned.</summary>
    public enum Status
    {
        /** <summary>Done.</summary> */ Ok = 0,
        /** <summary>A pointer is null.</summary> */ Null = -1,
        /** <summary>A struct was not initialised.</summary> */ ConfigSize = -2,
        /// <summary>A struct is newer than the library, or it was built without what is asked for.</summary>
        Unsupported = -3,
        /** <summary>A value is out of its range or does not fit the others.</summary> */ Value = -4,
        /** <summary>Memory is too small or not aligned, or there is no object in it.</summary> */ Memory = -5,
        /** <summary>Calls are out of order.</summary> */ Order = -6,
        /** <summary>A lane, step, index or picture that does not exist.</summary> */ Range = -7,
        /** <summary>A buffer is too small.</summary> */ Capacity = -8,
        /** <summary>Saved bytes or a checkpoint cannot be read.</summary> */ Format = -9,
        /** <summary>The device refused.</summary> */ Device = -10,
        /** <summary>A file cannot be read.</summary> */ File = -11,
        /// <summary>A defect of the library was caught; the object is unusable from now on.</summary>
        Panic = -99,
    }

    /// <summary>What to do with a call.</summary>
    public enum CallAction : uint
    {
        /// <summary>Run the network; keep what the site gave in <see cref="Decision.Slot"/>.</summary>
        Compute = 0,
        /** <summary>Take the newest kept feature as it is.</summary> */ Reuse = 1,
        /** <summary>Add up the kept features times the weights.</summary> */ Predict = 2,
        /** <summary>As Predict; also compute one block, and commit with the error.</summary> */ Verify = 3,
    }

    /// <summary>Why a call was decided so.</summary>
    public enum Reason : uint
    {
        /** <summary>Computed: the policy never skips.</summary> */ Always = 0,
        /** <summary>Computed: within the first steps.</summary> */ Warmup = 1,
        /** <summary>Computed: within the last steps.</summary> */ LastSteps = 2,
        /** <summary>Computed: outside the window.</summary> */ Window = 3,
        /** <summary>Computed: the mask says so.</summary> */ Mask = 4,
        /** <summary>Computed: there is nothing to reuse yet.</summary> */ NoHistory = 5,
        /** <summary>Computed: the longest run of skips is reached.</summary> */ MaxRun = 6,
        /** <summary>Computed: the skips of the run are used up.</summary> */ MaxTotal = 7,
        /** <summary>Computed: the signal is missing or no number.</summary> */ SignalUnusable = 8,
        /** <summary>Computed: the transformation rate is not known yet.</summary> */ RateUnknown = 9,
        /** <summary>Computed: the budget is spent.</summary> */ BudgetSpent = 10,
        /** <summary>Skipped: within the budget.</summary> */ WithinBudget = 11,
        /** <summary>Skipped: nothing objects.</summary> */ Free = 12,
        /** <summary>Computed: the schedule says so.</summary> */ Schedule = 13,
        /** <summary>A forecast was found to be wrong.</summary> */ ForecastRejected = 14,
        /** <summary>Computed: the signals have added up to their limit.</summary> */ MaxSpent = 15,
    }

    /// <summary>Which tensor is measured.</summary>
    public enum Signal : uint
    {
        /** <summary>The first block's input after layer norm, scale and shift.</summary> */ ModulatedInput = 0,
        /** <summary>What the front blocks added to their input.</summary> */ FrontResidual = 1,
        /** <summary>The network's input latent.</summary> */ ModelInput = 2,
        /** <summary>The timestep's embedding.</summary> */ TimeEmbedding = 3,
        /** <summary>The residual stream behind the front blocks.</summary> */ FrontOutput = 4,
        /** <summary>The input of the lane's block.</summary> */ BlockInput = 5,
        /** <summary>The outputs of the blocks.</summary> */ BlockOutput = 6,
        /** <summary>What the block in the middle added to its input.</summary> */ BlockResidual = 7,
        /** <summary>The output of a trained gate, 0 to 1.</summary> */ Gate = 8,
        /** <summary>The network's output for a latent of lower resolution.</summary> */ TrialOutput = 9,
    }

    /// <summary>What a tensor is compared with.</summary>
    public enum Reference : uint
    {
        /** <summary>Its copy of the previous call, computed or skipped.</summary> */ Previous = 0,
        /** <summary>Its copy of the last computed call.</summary> */ Computed = 1,
    }

    /// <summary>How a change becomes a number.</summary>
    public enum Metric : uint
    {
        /** <summary>mean|now - reference| / mean|reference|</summary> */ RelativeL1 = 0,
        /** <summary>norm(now - reference) / norm(reference)</summary> */ RelativeL2 = 1,
        /** <summary>1 - cos(now, reference)</summary> */ Cosine = 2,
        /** <summary>mean|now - reference|</summary> */ MeanAbsolute = 3,
        /** <summary>mean (now - reference)^2</summary> */ MeanSquare = 4,
        /** <summary>norm(now - reference)</summary> */ L2 = 5,
    }

    /// <summary>What a tensor goes through before it is measured.</summary>
    public enum Filter : uint
    {
        /** <summary>Nothing.</summary> */ None = 0,
        /** <summary>Every so-manieth row and column.</summary> */ Downsample = 1,
        /** <summary>The low frequencies.</summary> */ LowPass = 2,
        /** <summary>SeaCache's filter.</summary> */ Sea = 3,
    }

    /// <summary>What a computed call is to be committed with.</summary>
    public enum Wants : uint
    {
        /** <summary>Nothing.</summary> */ Nothing = 0,
        /** <summary>Its transformation rate.</summary> */ Rate = 1,
        /** <summary>The signal of a late gauge.</summary> */ Signal = 2,
        /** <summary>Inner products of the kept features, newest first, at most six.</summary> */ Products = 3,
    }

    /// <summary>What is kept of a site.</summary>
    public enum Keep : uint
    {
        /// <summary>What it added to its input; the stand-in is put on the fresh input.</summary>
        Residual = 0,
        /** <summary>What it gave.</summary> */ Output = 1,
    }

    /// <summary>What a user should hear.</summary>
    public enum Notice : uint
    {
        /** <summary>Nothing.</summary> */ None = 0,
        /** <summary>The policy cannot skip on so few steps.</summary> */ CannotSkip = 1,
        /** <summary>The run is over and nothing was skipped.</summary> */ NothingSkipped = 2,
    }

    /// <summary>Where to compute.</summary>
    public enum Backend : uint
    {
        /** <summary>A hardware GPU if there is one, else the CPU.</summary> */ Auto = 0,
        /** <summary>The best GPU adapter.</summary> */ Gpu = 1,
        /** <summary>The CPU.</summary> */ Cpu = 2,
    }

    /// <summary>One evaluation of the network.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Call
    {
        /** <summary>Sampler step, from 0 at the noisiest.</summary> */ public uint Step;
        /** <summary>Evaluation within the step, from 0.</summary> */ public uint Evaluation;
        /** <summary>Stream of features; 0 if there is one.</summary> */ public uint Lane;
        private uint Reserved;
        /** <summary>Where on the sampler's own time axis; any finite number.</summary> */ public double Time;
    }

    /// <summary>What to do with a call, and why.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Decision
    {
        /// <summary>Measurements to hand to <see cref="Step.Decide(double)"/> first; 0: decided.</summary>
        public uint Needs;
        /** <summary>With Needs: what to measure.</summary> */ public Signal Signal;
        /** <summary>With Needs: how its change becomes a number.</summary> */ public Metric Metric;
        /** <summary>With Needs: what to compare it with.</summary> */ public Reference Reference;
        /** <summary>With Needs: what both go through before.</summary> */ public Filter Filter;
        /** <summary>With Needs: 1 if factors are wanted behind the signals.</summary> */ public uint Aligned;
        /** <summary>The lane of the call.</summary> */ public uint Lane;
        /** <summary>What to do.</summary> */ public CallAction Action;
        /** <summary>Why.</summary> */ public Reason Reason;
        /** <summary>Order of the forecast.</summary> */ public uint Order;
        /** <summary>The slot to write; <see cref="NoSlot"/> for none.</summary> */ public uint Slot;
        internal Eight Weights, LowWeights;

        /** <summary>Nothing is to be kept.</summary> */ public const uint NoSlot = 4294967295;
        /// <summary>The feature is added to running sums: <see cref="Cpu.Accumulate"/>.</summary>
        public const uint AddToSlots = 4294967294;
        /** <summary>The first feature of those.</summary> */ public const uint SetSlots = 4294967293;

        /// <summary>The weight of a slot, 0 to 7. A slot with weight 0 must not be read.</summary>
        public float Weight(int slot) { return Weights[slot]; }
        /// <summary>Its weight in the low band, for policies that split bands.</summary>
        public float LowWeight(int slot) { return LowWeights[slot]; }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Eight
    {
        private readonly float w0, w1, w2, w3, w4, w5, w6, w7;

        internal float this[int slot]
        {
            get
            {
                switch (slot)
                {
                    case 0: return w0;
                    case 1: return w1;
                    case 2: return w2;
                    case 3: return w3;
                    case 4: return w4;
                    case 5: return w5;
                    case 6: return w6;
                    case 7: return w7;
                    default: throw new ArgumentOutOfRangeException("slot");
                }
            }
        }
    }

    /// <summary>What a trace keeps of a committed call.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CallEvent
    {
        /** <summary>Number of the call over the run.</summary> */ public uint Call;
        /** <summary>Sampler step.</summary> */ public uint Step;
        /** <summary>Evaluation within the step.</summary> */ public uint Evaluation;
        /** <summary>Lane, or the first lane of a pool.</summary> */ public uint Lane;
        /** <summary>What was done.</summary> */ public CallAction Action;
        /** <summary>Why.</summary> */ public Reason Reason;
        /** <summary>Order used.</summary> */ public uint Order;
        /** <summary>Slot written.</summary> */ public uint Slot;
        /// <summary>The signal, or the error of a verified call; -1 if none was usable.</summary>
        public double Signal;
        /** <summary>Budget spent after the call.</summary> */ public double Spent;

        /// <summary>A forecast that was given up: begin the call again if the policy rolls back.</summary>
        public bool Rejected { get { return Action == CallAction.Verify && Reason == Reason.ForecastRejected; } }
        /// <summary>The letter of the action in a trace: C, r, p or v.</summary>
        public char Letter { get { return (char)Native.refrain_action_letter((uint)Action); } }
    }

    /// <summary>Counters of a run.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stats
    {
        /** <summary>Calls committed.</summary> */ public uint Calls;
        /** <summary>Of them computed.</summary> */ public uint Computed;
        /** <summary>Of them reused.</summary> */ public uint Reused;
        /** <summary>Of them predicted.</summary> */ public uint Predicted;
        /** <summary>Of them predicted and verified.</summary> */ public uint Verified;
        /** <summary>Forecasts that were found to be wrong.</summary> */ public uint Rejected;
        private uint Reserved0, Reserved1;
    }

    /// <summary>The sizes of a model.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ModelSizes
    {
        /** <summary>Side of the picture or latent, in pixels.</summary> */ public uint InputSize;
        /** <summary>Channels of the picture or latent.</summary> */ public uint InChannels;
        /** <summary>Channels of the output.</summary> */ public uint OutChannels;
        /** <summary>Side of a patch, in pixels.</summary> */ public uint PatchSize;
        /** <summary>Width of a token.</summary> */ public uint HiddenSize;
        /** <summary>Transformer blocks.</summary> */ public uint Depth;
        /** <summary>Attention heads.</summary> */ public uint NumHeads;
        /** <summary>Classes; label NumClasses stands for none.</summary> */ public uint NumClasses;
        /** <summary>What the network predicts.</summary> */ public uint Prediction;
        private uint Reserved;
        /** <summary>Elements of all tensors.</summary> */ public ulong Parameters;
        /** <summary>A hash over the tensors.</summary> */ public ulong Fingerprint;
    }

    /// <summary>What part of the network a skipped call leaves out.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Site
    {
        /// <summary>Which part: a REFRAIN_SITE_KIND_... number; 0 is all transformer blocks.</summary>
        public uint Kind;
        /** <summary>Blocks at the front that run on every call.</summary> */ public uint Front;
        /** <summary>Blocks at the back that run on every call.</summary> */ public uint Back;
        /** <summary>What is kept of it.</summary> */ public Keep Keep;
        /** <summary>Share of the blocks that is left out.</summary> */ public double Share;
        /** <summary>Share of the steps at which the stage changes.</summary> */ public double Boundary;
    }
}
