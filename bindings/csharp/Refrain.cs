// SPDX-License-Identifier: MIT OR Apache-2.0
//
// refrain for C#: Unity (Mono and IL2CPP), Godot's .NET build, plain Mono and .NET. C# 7, no unsafe code.
//
// Put Refrain.cs and RefrainTypes.cs into your project, and RefrainRuns.cs if the library should make
// pictures by itself; and the native library where your engine looks for plugins: librefrain.so,
// librefrain.dylib or refrain.dll. On iOS it is linked in. The manual is include/refrain.h; names here
// are those of its functions.
//
// Nothing here takes a delegate: progress is what AdvanceSlice returns, so nothing needs
// MonoPInvokeCallback. Begin, Decide and Commit make no garbage.
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Refrain
{
    /// <summary>An error of the library: its status, and a line that says why.</summary>
    public sealed class RefrainException : Exception
    {
        /// <summary>What kind of thing went wrong.</summary>
        public Status Status { get; private set; }

        internal RefrainException(Status status, string why)
            : base(Native.Text(Native.refrain_status_name((int)status)) + (why.Length > 0 ? ": " + why : ""))
        {
            Status = status;
        }
    }

    /// <summary>The library itself.</summary>
    public static class Library
    {
        /// <summary>The binary interface that this file was written for.</summary>
        public const uint AbiVersion = 1;
        /// <summary>The library's version, such as "0.1.0".</summary>
        public static string Version { get { return Native.Text(Native.refrain_version_string()); } }
        /// <summary>What it was built with: bits 1 std, 2 kernels, 4 cpu, 8 gpu, 16 export.</summary>
        public static uint Features { get { return Native.refrain_features(); } }

        /// <summary>Throws if the library that was found speaks another binary interface.</summary>
        public static void Check()
        {
            if (Native.refrain_abi_version() != AbiVersion)
                throw new RefrainException(Status.Unsupported, "the library and Refrain.cs are of different ABI versions");
        }
    }

    /// <summary>When to skip, and how to fill in. Immutable.</summary>
    public sealed class Policy
    {
        // refrain_policy, to be looked into at the offsets below only.
        internal const int Bytes = 3680, SiteOffset = 1520, SplitOffset = 1464, VerifyOffset = 1488;
        internal readonly ulong[] Data = new ulong[Bytes / 8];

        private Policy() { }

        /// <summary>Reads "method", "method:key=value,..." or "mask:1101...".</summary>
        /// <exception cref="RefrainException">Which key and value, its range and the nearest name.</exception>
        public static Policy Parse(string text)
        {
            var policy = new Policy();
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_policy_parse(Native.Utf8(text), (UIntPtr)Bytes, policy.Data, why,
                (UIntPtr)why.Length), why);
            return policy;
        }

        /// <summary>This policy with what a calibrated table sets: the contents of a table file.</summary>
        public Policy WithTable(string table)
        {
            var policy = new Policy();
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_policy_apply_table(Data, Native.Utf8(table), (UIntPtr)Bytes, policy.Data, why,
                (UIntPtr)why.Length), why);
            return policy;
        }

        /// <summary>The text form; parsing it gives the same policy.</summary>
        public override string ToString()
        {
            return Native.Filled((byte[] text, UIntPtr room, out UIntPtr length) =>
                Native.refrain_policy_text(Data, text, room, out length));
        }

        /// <summary>Slots of the ring of features that the caller keeps, 0 to 8.</summary>
        public int Anchors
        {
            get
            {
                uint anchors;
                Native.Try(Native.refrain_policy_anchors(Data, out anchors), null);
                return (int)anchors;
            }
        }

        /// <summary>What computed calls should be committed with.</summary>
        public Wants Wants
        {
            get
            {
                Wants wants;
                Native.Try(Native.refrain_policy_wants(Data, out wants), null);
                return wants;
            }
        }

        /// <summary>Whether it is calibrated and its curve or mask is still missing.</summary>
        public bool NeedsTable
        {
            get
            {
                uint needs;
                Native.Try(Native.refrain_policy_needs_table(Data, out needs), null);
                return needs != 0;
            }
        }

        /// <summary>What part of the network a skipped call leaves out, and what is kept of it.</summary>
        public Site Site
        {
            get
            {
                ulong a = Data[SiteOffset / 8], b = Data[SiteOffset / 8 + 1];
                return new Site
                {
                    Kind = (uint)a, Front = (uint)(a >> 32), Back = (uint)b, Keep = (Keep)(uint)(b >> 32),
                    Share = BitConverter.Int64BitsToDouble((long)Data[SiteOffset / 8 + 2]),
                    Boundary = BitConverter.Int64BitsToDouble((long)Data[SiteOffset / 8 + 3]),
                };
            }
        }

        /// <summary>Whether the low band of a feature has weights of its own.</summary>
        public bool SplitsBands { get { return (uint)Data[SplitOffset / 8] != 0; } }
        /// <summary>Whether forecasts are checked, and made again if they were wrong.</summary>
        public bool RollsBack { get { return (uint)Data[VerifyOffset / 8] == 2; } }
    }

    /// <summary>Decides, call by call, for one run of a policy. One thread at a time.</summary>
    public sealed class Scheduler : IDisposable
    {
                private readonly uint[] open; // by lane: the number of the call that is open, 0 for none
        private readonly Decision[] decisions;
        private IntPtr allocation, self;
        private uint begun;

        /// <summary>A scheduler at the start of a run; its memory is taken here and never grows.</summary>
        /// <exception cref="RefrainException">The policy cannot run on so many steps or lanes.</exception>
        public Scheduler(Policy policy, int steps, int lanes = 1, int evaluations = 1)
        {
            UIntPtr bytes;
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_scheduler_size((uint)lanes, out bytes), null);
            open = new uint[lanes];
            decisions = new Decision[lanes];
            allocation = Marshal.AllocHGlobal((IntPtr)((long)bytes + 15));
            Native.Try(Native.refrain_scheduler_init((IntPtr)(((long)allocation + 15) & ~15L), bytes, policy.Data,
                (uint)steps, (uint)evaluations, (uint)lanes, out self, why, (UIntPtr)why.Length), why);
        }

        /// <summary>Frees its memory.</summary>
        ~Scheduler() { Free(); }
        /// <summary>Frees its memory. No step may be used any more.</summary>
        public void Dispose() { Free(); GC.SuppressFinalize(this); }

        private void Free()
        {
            if (allocation != IntPtr.Zero) Marshal.FreeHGlobal(allocation);
            allocation = self = IntPtr.Zero;
        }

        private void Done(Status status)
        {
            GC.KeepAlive(this);
            if (status != Status.Ok) throw new RefrainException(status, "");
        }

        /// <summary>Opens a call. Carry out what it says, then commit it; a step that is disposed of
        /// before is abandoned, as if it had not been begun.</summary>
        public Step Begin(int step, int evaluation = 0, int lane = 0, double time = 0.0)
        {
            Decision decision;
            var call = new Call { Step = (uint)step, Evaluation = (uint)evaluation, Lane = (uint)lane, Time = time };
            Done(Native.refrain_scheduler_begin(self, ref call, out decision));
            if (++begun == 0) begun = 1;
            open[decision.Lane] = begun;
            decisions[decision.Lane] = decision;
            return new Step(this, decision.Lane, begun);
        }

        internal bool IsOpen(uint lane, uint number) { return self != IntPtr.Zero && open[lane] == number; }
        internal Decision Decided(uint lane) { return decisions[lane]; }

        internal void Decide(uint lane, uint number, ref double values, int count)
        {
            if (!IsOpen(lane, number)) throw new RefrainException(Status.Order, "the step is closed");
            Done(Native.refrain_scheduler_decide(self, lane, ref values, (uint)count, out decisions[lane]));
        }

        internal CallEvent Commit(uint lane, uint number, ref double values, int count)
        {
            CallEvent what;
            if (!IsOpen(lane, number)) throw new RefrainException(Status.Order, "the step is closed");
            Done(Native.refrain_scheduler_commit(self, lane, ref values, (uint)count, out what));
            open[lane] = 0;
            return what;
        }

        internal void Abandon(uint lane, uint number)
        {
            if (!IsOpen(lane, number)) return;
            open[lane] = 0;
            Native.refrain_scheduler_abandon(self, lane);
            GC.KeepAlive(this);
        }

        /// <summary>Starts a new run.</summary>
        public void Reset()
        {
            Array.Clear(open, 0, open.Length);
            Done(Native.refrain_scheduler_reset(self));
        }

        /// <summary>Forgets the kept features of a lane: its next call is computed.</summary>
        public void Invalidate(int lane = 0) { Done(Native.refrain_scheduler_invalidate(self, (uint)lane)); }

        /// <summary>What happened so far.</summary>
        public Stats Stats
        {
            get { Stats stats; Done(Native.refrain_scheduler_stats(self, out stats)); return stats; }
        }

        /// <summary>What a user should hear.</summary>
        public Notice Notice
        {
            get { Notice notice; Done(Native.refrain_scheduler_notice(self, out notice)); return notice; }
        }

        /// <summary>The state as bytes that are the same on every machine.</summary>
        public byte[] Save()
        {
            UIntPtr bytes;
            Done(Native.refrain_scheduler_save_size(self, out bytes));
            var saved = new byte[(int)bytes];
            Done(Native.refrain_scheduler_save(self, saved, bytes, out bytes));
            return saved;
        }

        /// <summary>Takes over a state of a scheduler with the same policy, steps and lanes. Steps that
        /// are open here are closed; one that was open when it was saved is resumed with
        /// <see cref="Abandon(int)"/> and begun anew.</summary>
        public void Restore(byte[] saved)
        {
            Done(Native.refrain_scheduler_restore(self, saved, (UIntPtr)saved.Length));
            Array.Clear(open, 0, open.Length);
        }

        /// <summary>Closes what is open on a lane, as if it had not been begun.</summary>
        public void Abandon(int lane)
        {
            Done(Native.refrain_scheduler_abandon(self, (uint)lane));
            open[lane] = 0;
        }
    }

    /// <summary>A call that is open. Copies are the same call.</summary>
    public struct Step : IDisposable
    {
        private readonly Scheduler scheduler;
        private readonly uint lane, number;

        internal Step(Scheduler scheduler, uint lane, uint number)
        {
            this.scheduler = scheduler;
            this.lane = lane;
            this.number = number;
        }

        /// <summary>What to do; while <see cref="Refrain.Decision.Needs"/> is not 0, what to measure.</summary>
        public Decision Decision { get { return scheduler.Decided(lane); } }

        /// <summary>Hands in what was measured; NaN if it cannot be, and the call is computed.</summary>
        public Decision Decide(double value)
        {
            scheduler.Decide(lane, number, ref value, 1);
            return Decision;
        }

        /// <summary>The same of a pool, or with factors: as many values as the decision needs.</summary>
        public Decision Decide(double[] values)
        {
            double none = 0.0;
            if (values.Length > 0) scheduler.Decide(lane, number, ref values[0], values.Length);
            else scheduler.Decide(lane, number, ref none, 0);
            return Decision;
        }

        /// <summary>The call was carried out.</summary>
        public CallEvent Commit()
        {
            double none = 0.0;
            return scheduler.Commit(lane, number, ref none, 0);
        }

        /// <summary>The same with what the policy wants of a computed call, or the error of a verified one.</summary>
        public CallEvent Commit(double[] values)
        {
            return values.Length > 0 ? scheduler.Commit(lane, number, ref values[0], values.Length) : Commit();
        }

        /// <summary>Abandons the call unless it was committed.</summary>
        public void Dispose() { if (scheduler != null) scheduler.Abandon(lane, number); }
    }

    /// <summary>Measurements and the blend on arrays.</summary>
    public static class Cpu
    {
        /// <summary>How much a tensor has changed.</summary>
        public static double Change(Metric metric, float[] reference, float[] now)
        {
            double value;
            Native.Same(reference, now);
            Native.Try(Native.refrain_cpu_change(metric, reference, now, (UIntPtr)now.Length, out value), null);
            return value;
        }

        /// <summary>The transformation rate that <see cref="Wants.Rate"/> asks for.</summary>
        public static double Rate(double inputChange, float[] outputBefore, float[] output)
        {
            double value;
            Native.Same(outputBefore, output);
            Native.Try(Native.refrain_cpu_rate(inputChange, outputBefore, output, (UIntPtr)output.Length, out value), null);
            return value;
        }

        /// <summary>The factor that an aligned prediction asks for.</summary>
        public static double Alignment(float[] probe, float[] newest, float[] older)
        {
            double value;
            Native.Same(probe, newest);
            Native.Same(probe, older);
            Native.Try(Native.refrain_cpu_alignment(probe, newest, older, (UIntPtr)probe.Length, out value), null);
            return value;
        }

        /// <summary>The inner product that <see cref="Wants.Products"/> asks for.</summary>
        public static double Product(float[] a, float[] b)
        {
            double value;
            Native.Same(a, b);
            Native.Try(Native.refrain_cpu_product(a, b, (UIntPtr)a.Length, out value), null);
            return value;
        }

        /// <summary>What stands in for a skipped call: input (null for none) + sum of weight * slot.</summary>
        /// <param name="decision">Of the skipped call.</param>
        /// <param name="slots">The kept features, <see cref="Policy.Anchors"/> arrays.</param>
        /// <param name="input">Added to it; may be the output itself.</param>
        /// <param name="output">What stands in.</param>
        public static void Blend(Decision decision, float[][] slots, float[] input, float[] output)
        {
            foreach (float[] slot in slots) Native.Same(slot, output);
            if (input != null) Native.Same(input, output);
            using (var pins = new Pins(slots))
                Native.Try(Native.refrain_cpu_blend(ref decision.Weights, ref pins.Pointers, (uint)slots.Length, input,
                    (UIntPtr)output.Length, output), null);
        }

        /// <summary>Takes a computed feature into running sums, where the decision's slot says so.</summary>
        public static void Accumulate(Decision decision, float[] feature, float[][] sums)
        {
            foreach (float[] sum in sums) Native.Same(sum, feature);
            using (var pins = new Pins(sums))
                Native.Try(Native.refrain_cpu_accumulate(decision.Slot, ref decision.Weights, feature,
                    (UIntPtr)feature.Length, ref pins.Pointers, (uint)sums.Length), null);
        }
    }

    // The addresses of up to eight arrays.
    [StructLayout(LayoutKind.Sequential)]
    internal struct EightPointers { internal IntPtr P0, P1, P2, P3, P4, P5, P6, P7; }

    // Arrays that stay where they are for a moment.
    internal sealed class Pins : IDisposable
    {
        internal EightPointers Pointers;
        private readonly GCHandle[] handles;

        internal Pins(float[][] arrays)
        {
            if (arrays.Length > 8) throw new ArgumentException("a ring has at most eight slots");
            handles = new GCHandle[arrays.Length];
            for (int k = 0; k < arrays.Length; k++) handles[k] = GCHandle.Alloc(arrays[k], GCHandleType.Pinned);
            Pointers = new EightPointers
            {
                P0 = At(0), P1 = At(1), P2 = At(2), P3 = At(3), P4 = At(4), P5 = At(5), P6 = At(6), P7 = At(7),
            };
        }

        private IntPtr At(int k) { return k < handles.Length ? handles[k].AddrOfPinnedObject() : IntPtr.Zero; }
        public void Dispose() { foreach (GCHandle handle in handles) handle.Free(); }
    }

    internal static partial class Native
    {
#if UNITY_IOS && !UNITY_EDITOR
        internal const string Name = "__Internal";
#else
        internal const string Name = "refrain";
#endif
        private const CallingConvention C = CallingConvention.Cdecl;
        internal const int WhyBytes = 400;

        internal delegate Status Fill(byte[] text, UIntPtr room, out UIntPtr length);

        internal static byte[] Utf8(string text) { return Encoding.UTF8.GetBytes(text + "\0"); }
        internal static string Text(IntPtr text) { return Marshal.PtrToStringAnsi(text); }

        internal static void Try(Status status, byte[] why)
        {
            if (status == Status.Ok) return;
            int length = why == null ? 0 : Math.Max(Array.IndexOf(why, (byte)0), 0);
            throw new RefrainException(status, length == 0 ? "" : Encoding.UTF8.GetString(why, 0, length));
        }

        // A text whose length is asked for first.
        internal static string Filled(Fill fill)
        {
            UIntPtr length;
            Status status = fill(null, UIntPtr.Zero, out length);
            if (status != Status.Capacity) Try(status, null);
            var text = new byte[(int)length + 1];
            Try(fill(text, (UIntPtr)text.Length, out length), null);
            return Encoding.UTF8.GetString(text, 0, (int)length);
        }

        internal static void Same(float[] a, float[] b)
        {
            if (a.Length != b.Length) throw new ArgumentException("the arrays are of different lengths");
        }

        [DllImport(Name, CallingConvention = C)] internal static extern IntPtr refrain_status_name(int status);
        [DllImport(Name, CallingConvention = C)] internal static extern IntPtr refrain_version_string();
        [DllImport(Name, CallingConvention = C)] internal static extern uint refrain_abi_version();
        [DllImport(Name, CallingConvention = C)] internal static extern uint refrain_features();
        [DllImport(Name, CallingConvention = C)] internal static extern byte refrain_action_letter(uint action);

        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_parse(byte[] text, UIntPtr structSize, [Out] ulong[] policy,
            [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_text(ulong[] policy, [Out] byte[] text, UIntPtr room,
            out UIntPtr length);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_anchors(ulong[] policy, out uint anchors);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_wants(ulong[] policy, out Wants wants);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_needs_table(ulong[] policy, out uint needs);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_policy_apply_table(ulong[] policy, byte[] table, UIntPtr structSize,
            [Out] ulong[] policyOut, [Out] byte[] why, UIntPtr whyBytes);

        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_size(uint lanes, out UIntPtr bytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_init(IntPtr memory, UIntPtr bytes, ulong[] policy, uint steps,
            uint evaluations, uint lanes, out IntPtr scheduler, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_reset(IntPtr scheduler);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_begin(IntPtr scheduler, ref Call call, out Decision decision);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_decide(IntPtr scheduler, uint lane, ref double values,
            uint count, out Decision decision);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_commit(IntPtr scheduler, uint lane, ref double values,
            uint count, out CallEvent what);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_abandon(IntPtr scheduler, uint lane);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_invalidate(IntPtr scheduler, uint lane);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_stats(IntPtr scheduler, out Stats stats);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_notice(IntPtr scheduler, out Notice notice);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_save_size(IntPtr scheduler, out UIntPtr bytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_save(IntPtr scheduler, [Out] byte[] saved, UIntPtr capacity,
            out UIntPtr bytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_scheduler_restore(IntPtr scheduler, byte[] saved, UIntPtr bytes);

        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_change(Metric metric, float[] reference, float[] now, UIntPtr count,
            out double value);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_rate(double inputChange, float[] outputBefore, float[] output,
            UIntPtr count, out double rate);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_alignment(float[] probe, float[] newest, float[] older, UIntPtr count,
            out double factor);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_product(float[] a, float[] b, UIntPtr count, out double product);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_blend(ref Eight weights, ref EightPointers slots, uint slotCount,
            float[] input, UIntPtr count, [Out] float[] output);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_cpu_accumulate(uint slot, ref Eight weights, float[] feature,
            UIntPtr count, ref EightPointers sums, uint sumCount);
    }
}
